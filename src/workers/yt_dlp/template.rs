//! Templates for the names of files that come from jobs. They must not lead out of the folder,
//! whatever a site says about its items.

/// The longest template.
const MAX_TEMPLATE: usize = 500;

/// Looks at a template such as `by %(uploader)s/%(title)s [%(id)s].%(ext)s`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check(template: &str) -> Result<(), String> {
    if template.is_empty() || template.len() > MAX_TEMPLATE {
        return Err(format!("must be from 1 to {MAX_TEMPLATE} bytes long"));
    }
    if template.chars().any(|c| c.is_control() || c == '\\') {
        return Err("must not contain control characters or backslashes".into());
    }
    if template.starts_with(['/', '~']) || template.contains('$') {
        return Err("must be relative to the folder, without ~ and $".into());
    }
    let (folders, name) = template.rsplit_once('/').map_or((None, template), |(f, name)| (Some(f), name));
    for folder in folders.iter().flat_map(|folders| folders.split('/')) {
        // Sites choose what is in their fields, and yt-dlp lets `..` through.
        if literal(folder)?.trim_matches(['.', ' ']).is_empty() {
            return Err(format!(
                "has the folder {folder:?}, which must hold a letter beside fields and dots"
            ));
        }
    }
    literal(name)?;
    if !template.ends_with(".%(ext)s") {
        return Err("must end with .%(ext)s, so that files of one item do not overwrite each other".into());
    }
    Ok(())
}

/// A part of a path without its fields.
fn literal(part: &str) -> Result<String, String> {
    let (mut literal, mut rest) = (String::new(), part);
    while let Some(at) = rest.find('%') {
        literal.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let end = field(after).ok_or_else(|| {
            format!(
                "has a field that is not of the form %(name)s or %(upload_date>%Y-%m-%d|unknown)s: %{after}"
            )
        })?;
        rest = &after[end..];
    }
    literal.push_str(rest);
    Ok(literal)
}

/// The length of a field, from the bracket to the letter of its kind.
fn field(text: &str) -> Option<usize> {
    let inner_end = text.strip_prefix('(')?.find(')')? + 1;
    let inner = &text[1..inner_end];
    let name = inner.split(['>', '|']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || " _-.,%>|".contains(c);
    if name.is_empty()
        || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        || !inner.chars().all(plain)
    {
        return None;
    }
    if inner.contains("..") {
        return None;
    }
    let format = &text[inner_end + 1..];
    let digits = format.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-')?;
    format[digits..].starts_with(['s', 'd', 'B', 'S']).then_some(inner_end + 1 + digits + 1)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn usual_ones() {
        for template in [
            "%(title)s.%(ext)s",
            "by %(uploader)s/%(title).120B [%(id)s].%(ext)s",
            "%(id)s.%(ext)s",
            "%(upload_date>%Y-%m-%d|unknown)s - %(title)s.%(ext)s",
            "%(playlist_index)03d %(title)s.%(ext)s",
        ] {
            assert_eq!(check(template), Ok(()), "{template}");
        }
    }

    #[test]
    fn those_that_lead_out() {
        for template in [
            "",
            "/etc/%(title)s.%(ext)s",
            "~/%(title)s.%(ext)s",
            "../%(title)s.%(ext)s",
            "a/../../%(title)s.%(ext)s",
            "%(id)s/x.%(ext)s",
            "%(uploader)s/x.%(ext)s",
            ".%(uploader)s/x.%(ext)s",
            "a//%(title)s.%(ext)s",
            "%(channel_id)s/x.%(ext)s",
            "%(title|/etc)s.%(ext)s",
            "%(title|..)s/x.%(ext)s",
            "%(title)s",
            "%(filepath)q.%(ext)s",
            "%(title&/etc/{})s.%(ext)s",
            "%%.%(ext)s",
            "$HOME/%(title)s.%(ext)s",
            "a\n%(title)s.%(ext)s",
            "%(title",
        ] {
            assert!(check(template).is_err(), "{template}");
        }
    }
}
