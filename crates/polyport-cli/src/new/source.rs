//! Rust files of a project, with the places of what stands in them.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::UseTree;
use syn::ext::IdentExt;

use crate::failure::Failure;

/// A file that was parsed. It is changed by insertions only, so that every byte of it stays.
pub(super) struct RustFile {
    /// Below the project's directory.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) tree: syn::File,
    pub(super) names: Names,
    /// Paths of two names or more, wherever they stand, in macros, too.
    pub(super) mentions: Vec<Mention>,
    /// The bytes before what was parsed.
    skipped: usize,
}

/// A path that stands somewhere, imports taken into account.
#[derive(Debug)]
pub(super) struct Mention {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// Something to be inserted before a byte.
#[derive(Debug)]
pub(super) struct Insertion {
    pub(super) at: usize,
    pub(super) text: String,
}

impl RustFile {
    pub(super) fn parse(path: String, text: String) -> Result<Self, Failure> {
        let code = text.trim_start_matches('\u{feff}');
        let problem = |error: syn::Error| {
            let start = error.span().start();
            let place = format!("{path}:{}:{}", start.line, start.column + 1);
            Failure::Other(format!(
                "{place}: {error}: this is not Rust that can be read"
            ))
        };
        let tokens: TokenStream = code.parse().map_err(|error: proc_macro2::LexError| {
            problem(syn::Error::new(error.span(), "unexpected character"))
        })?;
        let tree: syn::File = syn::parse2(tokens.clone()).map_err(problem)?;
        let names = Names::of(&tree);
        let mut mentions = Vec::new();
        collect_mentions(tokens, &names, &mut mentions);
        Ok(Self {
            skipped: text.len() - code.len(),
            path,
            tree,
            names,
            mentions,
            text,
        })
    }

    pub(super) fn start(&self, span: Span) -> usize {
        self.skipped + span.byte_range().start
    }

    pub(super) fn end(&self, span: Span) -> usize {
        self.skipped + span.byte_range().end
    }

    /// The number that a line has when all that is to be inserted stands there.
    pub(super) fn line_with(&self, line: usize, insertions: &[Insertion]) -> usize {
        let before = self.text.split_inclusive('\n').take(line - 1);
        let start: usize = before.map(str::len).sum();
        let above = insertions.iter().filter(|it| it.at <= start);
        line + above.map(|it| it.text.matches('\n').count()).sum::<usize>()
    }

    /// The text with all that is to be inserted, which is in the order of the text.
    pub(super) fn with(&self, insertions: &[Insertion]) -> String {
        let newline = match self.text.contains("\r\n") {
            true => "\r\n",
            false => "\n",
        };
        let mut text = String::with_capacity(self.text.len());
        let mut done = 0;
        for Insertion { at, text: inserted } in insertions {
            text.push_str(&self.text[done..*at]);
            text.push_str(&inserted.replace('\n', newline));
            done = *at;
        }
        text.push_str(&self.text[done..]);
        text
    }
}

/// What is imported, and so what names at the start of paths stand for.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The names as Rust writes them, and the paths without `r#`.
    paths: Vec<(String, Vec<String>)>,
    /// Modules of which everything is imported.
    globs: Vec<Vec<String>>,
}

impl Names {
    pub(super) fn of(file: &syn::File) -> Self {
        let mut names = Self::default();
        for item in &file.items {
            if let syn::Item::Use(item) = item {
                names.add(&item.tree, &mut Vec::new());
            }
        }
        names
    }

    fn add(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(tree) => {
                path.push(plain(&tree.ident));
                self.add(&tree.tree, path);
                path.pop();
            }
            UseTree::Name(tree) => {
                let own = path.last().filter(|_| tree.ident == "self");
                let name = own.map_or_else(|| tree.ident.to_string(), |own| raw(own));
                self.paths.push((name, imported(path, &tree.ident)));
            }
            UseTree::Rename(tree) => {
                let path = imported(path, &tree.ident);
                self.paths.push((tree.rename.to_string(), path));
            }
            UseTree::Group(tree) => {
                for tree in &tree.items {
                    self.add(tree, path);
                }
            }
            UseTree::Glob(_) => self.globs.push(from_top(path.clone())),
        }
    }

    /// The path from the top of the crate, or from the name of another one.
    pub(super) fn expand(&self, path: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut path: Vec<String> = path.into_iter().collect();
        let known = path.first().and_then(|first| {
            self.paths
                .iter()
                .find(|(name, _)| without_raw(name) == first)
        });
        if let Some((_, full)) = known {
            path.splice(..1, full.iter().cloned());
        }
        from_top(path)
    }

    /// Whether a path that was expanded may be this one: it is, or its end, or what is missing is
    /// imported with everything else.
    pub(super) fn lead_to(&self, found: &[String], wanted: &str) -> bool {
        let wanted = wanted.split("::").map(|name| without_raw(name).to_owned());
        let wanted = from_top(wanted.collect());
        let is_rest = |glob: &Vec<String>| {
            let length = glob.len() + found.len();
            wanted.starts_with(glob) && wanted.ends_with(found) && wanted.len() == length
        };
        // One name alone is that of something else.
        let is_end = found.len() > 1 && wanted.ends_with(found);
        found.ends_with(&wanted) || is_end || self.globs.iter().any(is_rest)
    }

    /// The shortest way to write a path.
    pub(super) fn shorten(&self, path: &str) -> String {
        let parts: Vec<&str> = path.split("::").collect();
        let leads = |full: &[String]| {
            let mut pairs = full.iter().zip(&parts);
            full.len() <= parts.len() && pairs.all(|(name, part)| name == without_raw(part))
        };
        let known = self.paths.iter().filter(|(_, full)| leads(full));
        match known.max_by_key(|(_, full)| full.len()) {
            Some((name, full)) => {
                let rest = parts[full.len()..].iter().copied();
                let parts: Vec<&str> = std::iter::once(name.as_str()).chain(rest).collect();
                parts.join("::")
            }
            None => path.to_owned(),
        }
    }
}

/// The path of a name in what is imported from `path`.
fn imported(path: &[String], name: &syn::Ident) -> Vec<String> {
    let name = Some(plain(name)).filter(|name| name != "self");
    path.iter().cloned().chain(name).collect()
}

/// The path without what says that it begins at the top, or somewhere below it.
fn from_top(mut path: Vec<String>) -> Vec<String> {
    let is_way = |name: &&String| ["crate", "self", "super"].contains(&name.as_str());
    let way = path.iter().take_while(is_way).count();
    path.split_off(way)
}

/// The names of a path.
pub(super) fn segments(path: &syn::Path) -> impl Iterator<Item = String> {
    path.segments.iter().map(|segment| plain(&segment.ident))
}

/// A name without `r#`.
pub(super) fn plain(ident: &syn::Ident) -> String {
    ident.unraw().to_string()
}

/// The same for one that is a text.
pub(super) fn without_raw(name: &str) -> &str {
    name.trim_start_matches("r#")
}

/// A name as Rust writes it.
fn raw(name: &str) -> String {
    match syn::parse_str::<syn::Ident>(name) {
        Ok(_) => name.to_owned(),
        Err(_) => format!("r#{name}"),
    }
}

fn collect_mentions(tokens: TokenStream, names: &Names, mentions: &mut Vec<Mention>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    let mut line = 0;
    let mut finish = |path: &mut Vec<String>, line: usize| {
        let path = std::mem::take(path);
        if path.len() > 1 {
            let path = names.expand(path);
            mentions.push(Mention { path, line });
        }
    };
    let mut groups = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    finish(&mut path, line);
                }
                line = ident.span().start().line;
                path.push(plain(&ident));
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            other => {
                finish(&mut path, line);
                colons = 0;
                if let TokenTree::Group(group) = other {
                    groups.push(group.stream());
                }
            }
        }
    }
    finish(&mut path, line);
    for group in groups {
        collect_mentions(group, names, mentions);
    }
}
