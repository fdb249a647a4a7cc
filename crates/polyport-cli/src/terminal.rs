//! Colors, where somebody looks at them.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

/// Whether to use colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colors(bool);

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    Heading,
    Name,
    Dim,
    Error,
    Added,
    Removed,
}

impl Colors {
    /// No colors.
    pub(crate) const NONE: Self = Self(false);

    /// Colors on a terminal whose user does not refuse them (<https://no-color.org>).
    pub(crate) fn on(stream: &impl IsTerminal) -> Self {
        Self(
            stream.is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        )
    }

    pub(crate) fn are_on(self) -> bool {
        self.0
    }

    pub(crate) fn paint(self, color: Color, text: &str) -> String {
        if !self.0 {
            return text.to_owned();
        }
        let style = color.style();
        format!("{style}{text}{style:#}")
    }

    /// The text, followed by blanks up to `width` columns.
    pub(crate) fn padded(self, color: Color, text: &str, width: usize) -> String {
        let missing = width.saturating_sub(text.chars().count());
        format!("{}{:missing$}", self.paint(color, text), "")
    }
}

impl Color {
    fn style(self) -> Style {
        let plain = Style::new();
        match self {
            Self::Heading => plain.bold(),
            Self::Name => AnsiColor::Cyan.on_default(),
            Self::Dim => plain.dimmed(),
            Self::Error => AnsiColor::Red.on_default().bold(),
            Self::Added => AnsiColor::Green.on_default(),
            Self::Removed => AnsiColor::Red.on_default(),
        }
    }
}

/// Lines that may come from another program, without what a terminal would obey.
pub(crate) fn visible_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(visible).collect();
    lines.join("\n")
}

/// What another program says, without what a terminal would obey.
pub(crate) fn visible(text: &str) -> String {
    let visible = |letter: char| match letter.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => letter,
    };
    text.chars().map(visible).collect()
}
