//! Integers, whose forms mean different things in different places.

use super::Parser;
use crate::diagnostic::Diagnostic;
use crate::thrift::ast::Number;

impl Parser<'_> {
    /// The number of an enum's value, or a value. A leading zero makes it octal for Kitex and
    /// decimal for Apache Thrift; up to seven both mean the same.
    pub(super) fn integer(&mut self, wanted: &str) -> Result<Number, Diagnostic> {
        let digits = self.cursor.digits();
        let number = self.cursor.integer(wanted)?;
        let octal = digits.trim_start_matches(['+', '-']);
        let is_plain = octal.bytes().all(|byte| byte.is_ascii_digit());
        if is_plain && octal.starts_with('0') && number.value.unsigned_abs() > 7 {
            let decimal = number.value;
            let sign = if decimal < 0 { "-" } else { "" };
            let help = match u64::from_str_radix(octal, 8) {
                Ok(octal) => format!("write `{sign}{octal}` or `{decimal}`"),
                Err(_) => format!("write `{decimal}`"),
            };
            let message = format!("the number `{digits}` starts with a zero");
            let diagnostic = Diagnostic::error(message)
                .at(number.span, "octal for Kitex, not for all")
                .help(help);
            self.diagnostics.push(diagnostic);
        }
        Ok(number)
    }

    /// The number of a field, which Kitex reads as a decimal one whatever it looks like.
    pub(super) fn field_number(&mut self) -> Result<Number, Diagnostic> {
        let digits = self.cursor.digits();
        let number = self.cursor.integer("the field's number")?;
        if digits.contains(['x', 'X', 'o']) {
            let message = format!("the field number `{digits}` is not decimal");
            let diagnostic = Diagnostic::error(message)
                .at(number.span, "Kitex reads it as 0")
                .help(format!("write `{}`", number.value));
            self.diagnostics.push(diagnostic);
        }
        Ok(number)
    }
}
