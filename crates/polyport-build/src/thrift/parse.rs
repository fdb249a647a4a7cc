//! Tokens to a tree: files, definitions, members.

mod kind;
mod value;
mod number;

use polyport_wire::schema::{Requiredness, StructKind};

use crate::diagnostic::{Diagnostic, closest};
use crate::source::Span;
use crate::thrift::ast::{
    Annotation, Const, Enum, EnumValue, Field, File, Item, Method, Name, Namespace, Service,
    Struct, Typedef,
};
use crate::thrift::cursor::{Cursor, DEFINITIONS};
use crate::thrift::lex::TokenKind;

/// Reads a whole file.
pub(crate) fn parse(cursor: Cursor<'_>) -> (File, Vec<Diagnostic>) {
    let mut parser = Parser {
        cursor,
        file: File::default(),
        diagnostics: Vec::new(),
        depth: 0,
    };
    while !parser.cursor.is_at_end() {
        let start = parser.cursor.begin();
        if let Err(diagnostic) = parser.definition() {
            parser.diagnostics.push(diagnostic);
            parser.cursor.skip_definition(start);
            parser.file.lost.extend(parser.cursor.names_since(start));
        }
    }
    (parser.file, parser.diagnostics)
}

/// The grammar, one function for each of its rules. A rule that fails gives the diagnostic; the
/// rule that repeats it reports it and skips to where the next one may start.
struct Parser<'a> {
    cursor: Cursor<'a>,
    file: File,
    diagnostics: Vec<Diagnostic>,
    /// How deep the type or value is that is being read.
    depth: usize,
}

/// What stands between two brackets.
struct Members<T> {
    members: Vec<T>,
    /// One was left out because it is broken.
    incomplete: bool,
}

/// The fields of what: it decides what is said when one is missing.
#[derive(Clone, Copy)]
struct Brackets {
    open: char,
    close: char,
    noun: &'static str,
}

/// What definitions of Protobuf begin with.
const PROTOBUF: [&str; 6] = [
    "syntax", "edition", "package", "import", "option", "message",
];

const fn braces(noun: &'static str) -> Brackets {
    Brackets {
        open: '{',
        close: '}',
        noun,
    }
}

const ARGUMENTS: Brackets = Brackets {
    open: '(',
    close: ')',
    noun: "argument list",
};

const EXCEPTIONS: Brackets = Brackets {
    open: '(',
    close: ')',
    noun: "list of exceptions",
};

const ANNOTATIONS: Brackets = Brackets {
    open: '(',
    close: ')',
    noun: "list of annotations",
};

impl Parser<'_> {
    fn definition(&mut self) -> Result<(), Diagnostic> {
        let docs = self.cursor.docs_before();
        let keyword = self.cursor.word().unwrap_or_default();
        if !DEFINITIONS.contains(&keyword) {
            let suggestion = closest(keyword, DEFINITIONS);
            let wanted = "a definition, such as `struct` or `service`";
            let diagnostic = self.cursor.expected(wanted).did_you_mean(suggestion);
            return Err(match PROTOBUF.contains(&keyword) {
                true => diagnostic.help("this looks like Protobuf: such files are called `.proto`"),
                false => diagnostic,
            });
        }
        self.cursor.advance();
        match keyword {
            "include" => {
                let path = self.cursor.quoted("the included file in quotes")?;
                self.file.includes.push(path);
            }
            "cpp_include" => {
                self.cursor.quoted("the included file in quotes")?;
            }
            "namespace" => self.namespace()?,
            "typedef" => self.typedef(docs)?,
            "const" => self.constant(docs)?,
            "enum" => self.enumeration(docs)?,
            "struct" => self.structure(StructKind::Struct, docs)?,
            "union" => self.structure(StructKind::Union, docs)?,
            "exception" => self.structure(StructKind::Exception, docs)?,
            _ => self.service(docs)?,
        }
        self.cursor.take_separator();
        Ok(())
    }

    fn namespace(&mut self) -> Result<(), Diagnostic> {
        let scope = if self.cursor.take_symbol('*') {
            "*".to_owned()
        } else {
            self.cursor.name("a language such as `go`, or `*`")?.text
        };
        let name = self.cursor.name("the namespace")?;
        self.stray_annotations()?;
        self.file.namespaces.push(Namespace { scope, name });
        Ok(())
    }

    fn typedef(&mut self, docs: String) -> Result<(), Diagnostic> {
        let kind = self.kind()?;
        let name = self.cursor.new_name("the typedef's name")?;
        let annotations = self.annotations()?;
        let item = Item::Typedef(Typedef {
            name,
            kind,
            annotations,
            docs,
        });
        self.file.items.push(item);
        Ok(())
    }

    fn constant(&mut self, docs: String) -> Result<(), Diagnostic> {
        let kind = self.kind()?;
        let name = self.cursor.new_name("the constant's name")?;
        self.cursor.expect_symbol('=', "and the constant's value")?;
        let value = self.value()?;
        // In this order for Kitex.
        self.cursor.take_separator();
        self.stray_annotations()?;
        let item = Item::Const(Const {
            name,
            kind,
            value,
            docs,
        });
        self.file.items.push(item);
        Ok(())
    }

    fn enumeration(&mut self, docs: String) -> Result<(), Diagnostic> {
        let name = self.cursor.new_name("the enum's name")?;
        let values = self.members(braces("enum"), Self::enum_value)?;
        let annotations = self.annotations()?;
        let item = Item::Enum(Enum {
            name,
            values: values.members,
            annotations,
            docs,
            incomplete: values.incomplete,
        });
        self.file.items.push(item);
        Ok(())
    }

    fn enum_value(&mut self) -> Result<EnumValue, Diagnostic> {
        let docs = self.cursor.docs_before();
        let name = self.cursor.new_name("the name of an enum's value")?;
        let number = if self.cursor.take_symbol('=') {
            Some(self.integer("an integer")?)
        } else {
            None
        };
        self.stray_annotations()?;
        self.cursor.take_separator();
        let docs = self.docs_or_behind(docs);
        Ok(EnumValue { name, number, docs })
    }

    fn structure(&mut self, kind: StructKind, docs: String) -> Result<(), Diagnostic> {
        let (noun, wanted) = match kind {
            StructKind::Struct => ("struct", "the struct's name"),
            StructKind::Union => ("union", "the union's name"),
            StructKind::Exception => ("exception", "the exception's name"),
        };
        let name = self.cursor.new_name(wanted)?;
        let fields = self.members(braces(noun), Self::field)?;
        let annotations = self.annotations()?;
        let item = Item::Struct(Struct {
            kind,
            name,
            fields: fields.members,
            annotations,
            docs,
            incomplete: fields.incomplete,
        });
        self.file.items.push(item);
        Ok(())
    }

    fn field(&mut self) -> Result<Field, Diagnostic> {
        let docs = self.cursor.docs_before();
        let id = match self.cursor.kind() {
            TokenKind::Integer => {
                let id = self.field_number()?;
                self.cursor
                    .expect_symbol(':', "behind the field's number")?;
                Some(id)
            }
            _ => None,
        };
        let requiredness = self.requiredness()?;
        let kind = self.kind()?;
        self.cursor.take_symbol('&');
        let name = self.cursor.new_name("the field's name")?;
        let default = if self.cursor.take_symbol('=') {
            Some(self.value()?)
        } else {
            None
        };
        let annotations = self.annotations()?;
        self.cursor.take_separator();
        let docs = self.docs_or_behind(docs);
        Ok(Field {
            id,
            requiredness,
            kind,
            name,
            default,
            annotations,
            docs,
        })
    }

    fn requiredness(&mut self) -> Result<Requiredness, Diagnostic> {
        let word = self.cursor.word().unwrap_or_default();
        let requiredness = match word {
            "required" => Requiredness::Required,
            "optional" => Requiredness::Optional,
            _ => {
                self.refuse_misspelled_requiredness(word)?;
                return Ok(Requiredness::Default);
            }
        };
        self.cursor.advance();
        Ok(requiredness)
    }

    /// `optinal i32 n` would otherwise be a field `i32` of the type `optinal`.
    fn refuse_misspelled_requiredness(&self, word: &str) -> Result<(), Diagnostic> {
        let starts_word = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
        let three_words = starts_word(self.cursor.peek(1))
            && (starts_word(self.cursor.peek(2)) || self.cursor.peek(2) == "<");
        match closest(word, ["required", "optional"]) {
            Some(suggestion) if three_words => {
                let message = format!("`{word}` is neither `required` nor `optional`");
                Err(Diagnostic::error(message)
                    .at(self.cursor.span(), "unknown word before the type")
                    .did_you_mean(Some(suggestion)))
            }
            _ => Ok(()),
        }
    }

    fn service(&mut self, docs: String) -> Result<(), Diagnostic> {
        let name = self.cursor.new_name("the service's name")?;
        let parent = if self.cursor.take_word("extends") {
            Some(self.cursor.name("the service that it extends")?)
        } else {
            self.skip_misspelled_extends();
            None
        };
        let methods = self.members(braces("service"), Self::method)?;
        let annotations = self.annotations()?;
        let item = Item::Service(Service {
            name,
            parent,
            methods: methods.members,
            annotations,
            docs,
        });
        self.file.items.push(item);
        Ok(())
    }

    /// Reports a word that stands where only `extends` can, and what follows it.
    fn skip_misspelled_extends(&mut self) {
        let Some(word) = self.cursor.word() else {
            return;
        };
        let suggestion = closest(word, ["extends"]);
        let diagnostic = self.cursor.expected("`extends` or `{`");
        self.diagnostics.push(diagnostic.did_you_mean(suggestion));
        while self.cursor.word().is_some() && !self.cursor.is_at_line_start() {
            self.cursor.advance();
        }
    }

    fn method(&mut self) -> Result<Method, Diagnostic> {
        let docs = self.cursor.docs_before();
        let oneway = self
            .cursor
            .take_word("oneway")
            .then(|| self.cursor.last_span());
        let result = if self.cursor.take_word("void") {
            None
        } else {
            self.refuse_missing_result()?;
            Some(self.kind()?)
        };
        let name = self.cursor.new_name("the method's name")?;
        let arguments = self.members(ARGUMENTS, Self::field)?;
        let throws = if self.cursor.take_word("throws") {
            self.members(EXCEPTIONS, Self::field)?.members
        } else {
            Vec::new()
        };
        let annotations = self.annotations()?;
        self.cursor.take_separator();
        let docs = self.docs_or_behind(docs);
        Ok(Method {
            oneway,
            result,
            name,
            arguments: arguments.members,
            throws,
            annotations,
            docs,
            incomplete: arguments.incomplete,
        })
    }

    /// `ask(1: string text)` would otherwise be a type `ask` with annotations.
    fn refuse_missing_result(&self) -> Result<(), Diagnostic> {
        let is_argument = self
            .cursor
            .peek(2)
            .starts_with(|c: char| c.is_ascii_digit());
        let is_list = self.cursor.peek(1) == "(" && (is_argument || self.cursor.peek(2) == ")");
        match self.cursor.word() {
            Some(name) if is_list => {
                let message = format!("method `{name}` does not say what it returns");
                Err(Diagnostic::error(message)
                    .at(self.cursor.span(), "expected a type or `void` before it"))
            }
            _ => Ok(()),
        }
    }

    /// A bracket, members, a bracket. A broken member is reported and left out.
    fn members<T>(
        &mut self,
        brackets: Brackets,
        member: impl Fn(&mut Self) -> Result<T, Diagnostic>,
    ) -> Result<Members<T>, Diagnostic> {
        let purpose = format!("to open the {}", brackets.noun);
        let open = self.cursor.expect_symbol(brackets.open, &purpose)?;
        while self.cursor.is_symbol(brackets.open) {
            let diagnostic = Diagnostic::error(format!("one `{}` too many", brackets.open)).at(
                self.cursor.span(),
                format!("the {} is open already", brackets.noun),
            );
            self.diagnostics.push(diagnostic);
            self.cursor.advance();
        }
        let mut found = Members {
            members: Vec::new(),
            incomplete: false,
        };
        while !self.cursor.take_symbol(brackets.close) {
            if self.is_unclosed(brackets) {
                let diagnostic = self.unclosed(brackets, open);
                self.diagnostics.push(diagnostic);
                found.incomplete = true;
                break;
            }
            let start = self.cursor.begin();
            match member(self) {
                Ok(member) => found.members.push(member),
                Err(diagnostic) => {
                    self.diagnostics.push(diagnostic);
                    self.cursor.skip_member(start, brackets.close);
                    found.incomplete = true;
                }
            }
        }
        Ok(found)
    }

    fn is_unclosed(&self, brackets: Brackets) -> bool {
        if self.cursor.is_at_end() || self.cursor.is_at_definition() {
            return true;
        }
        match brackets.noun {
            _ if brackets.close == '}' => false,
            _ if self.cursor.is_symbol('}') => true,
            noun if noun == ANNOTATIONS.noun => {
                self.cursor.is_at_line_start() && !self.cursor.is_at_annotation()
            }
            noun if noun == ARGUMENTS.noun
                && self.cursor.word() == Some("throws")
                && self.cursor.peek(1) == "(" =>
            {
                true
            }
            _ => self.cursor.is_at_method(),
        }
    }

    fn unclosed(&self, brackets: Brackets, open: Span) -> Diagnostic {
        let message = format!("this {} is not closed", brackets.noun);
        Diagnostic::error(message)
            .at(
                self.cursor.behind_last(),
                format!("expected `{}`", brackets.close),
            )
            .at(open, "opened here")
    }

    /// Annotations, if there are any.
    fn annotations(&mut self) -> Result<Vec<Annotation>, Diagnostic> {
        if !self.cursor.is_symbol(ANNOTATIONS.open) {
            return Ok(Vec::new());
        }
        Ok(self.members(ANNOTATIONS, Self::annotation)?.members)
    }

    /// Annotations where none means anything.
    fn stray_annotations(&mut self) -> Result<(), Diagnostic> {
        let annotations = self.annotations()?;
        self.file.stray_annotations.extend(annotations);
        Ok(())
    }

    fn annotation(&mut self) -> Result<Annotation, Diagnostic> {
        let name: Name = self.cursor.name("the annotation's name")?;
        let value = if self.cursor.take_symbol('=') {
            Some(self.cursor.quoted("the annotation's value in quotes")?)
        } else {
            None
        };
        self.cursor.take_separator();
        Ok(Annotation { name, value })
    }

    fn docs_or_behind(&self, docs: String) -> String {
        if docs.is_empty() {
            self.cursor.docs_behind()
        } else {
            docs
        }
    }
}
