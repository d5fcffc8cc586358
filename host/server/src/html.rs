//! A writer of HTML that escapes: markup is static text of this program, everything else is data.

/// Grows by trusted markup and by escaped data; there is no third way.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Markup. `'static`, so that no data gets here by mistake.
    pub(crate) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Data, in a text or between the quotes of an attribute.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Data between two pieces of markup.
    pub(crate) fn cell(&mut self, before: &'static str, text: &str, after: &'static str) -> &mut Self {
        self.markup(before).text(text).markup(after)
    }

    pub(crate) fn done(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stays_data() {
        let mut html = Html::default();
        html.cell("<td title=\"", "\"><script>alert('1')</script>&", "\">");
        assert_eq!(html.done(), "<td title=\"&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\">");
    }
}
