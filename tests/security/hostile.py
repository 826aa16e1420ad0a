"""Names that mean harm: to a page, a terminal, a spreadsheet, a template or a file system."""

NAMES = {
    "script": "<script>window.hit='script'</script>",
    "attribute": "\"><img src=x onerror='window.hit=1'>",
    "end of a script": "</script><svg onload=window.hit=2>",
    "end of a style": "</style><b onclick=window.hit=3>b</b>",
    "template": "{{7*7}} {% raw %} ${7*7} &amp; &lt;b&gt;",
    "path": "../../x",
    "lines": "two\nlines\tand\r\nmore",
    "right to left": "\u202egnp.exe\u202c אבג",
    "terminal": "red \x1b[31m \x1b]0;title\x07 \x9b2J",
    "formula": "=cmd|' /C calc'!A0",
    "emoji": "👩‍🔬🇵🇸",
    "null": "nul\0byte",
    "long": "a very long name " * 20 + "without end" * 30,
    "quotes": "it's \"quoted\", `so` \\ 'too'",
}

FORMULAS = ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "\uff1d1+1"]
NO_FORMULAS = ["-1", "+1.5e3", "-.5", "-", "+", "a=b", " plain", "'quoted'", "1-2"]
