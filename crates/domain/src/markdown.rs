//! Notes: what people write in Markdown, as HTML that can stand in a page whoever wrote it. HTML in a note is text, links lead to
//! the web or to this site, and pictures are links to pictures.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// A note as HTML.
pub fn to_html(note: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let harmless = Parser::new_ext(note, options).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Link { dest_url, title, .. } | Tag::Image { dest_url, title, .. }) => {
            Event::Start(Tag::Link {
                link_type: LinkType::Inline,
                dest_url: if leads_somewhere(&dest_url) { dest_url } else { CowStr::Borrowed("#") },
                title,
                id: CowStr::Borrowed(""),
            })
        }
        Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
        other => other,
    });
    let mut written = String::new();
    html::push_html(&mut written, harmless);
    written
}

fn leads_somewhere(address: &str) -> bool {
    let address = address.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:", "#"].iter().any(|begin| address.starts_with(begin))
        || address.starts_with('/') && !address.starts_with("//") && !address.starts_with("/\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html() {
        let check = |note: &str, expected: &str| assert_eq!(to_html(note).trim(), expected);
        check("# Seen\n\nIt **works**", "<h1>Seen</h1>\n<p>It <strong>works</strong></p>");
        check("[paper](https://arxiv.org/x)", "<p><a href=\"https://arxiv.org/x\">paper</a></p>");
        check("[run](/experiments/1)", "<p><a href=\"/experiments/1\">run</a></p>");
    }

    #[test]
    fn nothing_in_a_note_acts() {
        let check = |note: &str, expected: &str| assert_eq!(to_html(note).trim(), expected);
        check("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
        check("a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>");
        for bad in
            ["javascript:alert(1)", "JavaScript:x", "data:text/html,x", "//evil.example", "/\\evil.example"]
        {
            check(&format!("[x]({bad})"), "<p><a href=\"#\">x</a></p>");
        }
        check(
            "![cat](https://example.org/cat.png)",
            "<p><a href=\"https://example.org/cat.png\">cat</a></p>",
        );
    }
}
