"""Three hundred texts that would run a script, break a page or a printer's command, if anything took them for more."""

from itertools import product

CALLS = ("window.hacked=1", "document.title='hacked'", "fetch('/panel/hacked/')")

MARKUP = (
    "<script>{}</script>",
    "<ScRiPt>{}</sCrIpT>",
    "<script >{}</script >",
    "</script><script>{}</script>",
    "</title><script>{}</script>",
    "</textarea><script>{}</script>",
    "</option></select><script>{}</script>",
    "--><script>{}</script><!--",
    "]]><script>{}</script>",
    "<img src=x onerror={}>",
    "<img src=x onerror=&#{}>",
    "<img/src=x/onerror={}>",
    "<svg onload={}>",
    "<svg/onload={}//",
    "<svg><script>{}</script></svg>",
    "<svg><animate onbegin={} attributeName=x dur=1s>",
    "<body onload={}>",
    "<iframe srcdoc='<script>parent.{}</script>'></iframe>",
    "<iframe src=javascript:{}></iframe>",
    "<object data=javascript:{}>",
    "<embed src=javascript:{}>",
    "<a href=javascript:{}>x</a>",
    "<a href='java\tscript:{}'>x</a>",
    "<form action=javascript:{}><button>x</button></form>",
    "<input autofocus onfocus={}>",
    "<details open ontoggle={}>",
    "<marquee onstart={}>",
    "<video><source onerror={}></video>",
    "<math><mi xlink:href=javascript:{}>x</mi></math>",
    "<style>@import 'javascript:{}'</style>",
    "<link rel=stylesheet href=javascript:{}>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>",
    "<base href=javascript:{}//>",
    "<template><script>{}</script></template>",
    "<noscript><p title='</noscript><script>{}</script>'>",
    "<div hx-get='/panel/hacked/' hx-trigger=load>{}</div>",
    "<div hx-on:click='{}' data-hx-trigger=load>x</div>",
    "<button data-press=x formaction=javascript:{}>x</button>",
)

ATTRIBUTES = (
    '" autofocus onfocus={} x="',
    "' autofocus onfocus={} x='",
    '"><script>{}</script>',
    "'><script>{}</script>",
    '" onmouseover={} style="position:fixed;inset:0',
    "` onload={} `",
    "x onclick={}",
    '" hx-get="/panel/hacked/" hx-trigger="load" x="{}',
    "javascript:{}",
    "java\tscript:{}",
    "data:text/html,<script>{}</script>",
    "&quot;><script>{}</script>",
    "&#60;script&#62;{}&#60;/script&#62;",
    "%3Cscript%3E{}%3C/script%3E",
    "\\u003cscript\\u003e{}\\u003c/script\\u003e",
    "＜script＞{}＜/script＞",
)

TEMPLATES = (
    "{{{{ {} }}}}",
    "{{% {} %}}",
    "${{{}}}",
    "<%= {} %>",
    "#{{{}}}",
    "{{{{ self.__init__.__globals__ }}}}{}",
    "{{{{ ''.__class__.__mro__ }}}}{}",
)

OTHERS = (
    "^XA^FDhacked^FS^XZ",
    "^FS^XZ~JR",
    "~DGR:HACK.GRF,1,1,FF",
    "^CC!",
    '=HYPERLINK("http://evil.example","x")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "=cmd|'/C calc'!A0",
    "'; DROP TABLE orders; --",
    "' OR '1'='1",
    "1; SELECT pg_sleep(9)",
    '" OR ""="',
    "%27%20OR%201=1",
    "../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "$(touch hacked)",
    "`touch hacked`",
    "; touch hacked",
    "| touch hacked",
    "%s%s%s%n",
    "%(num)s %(x)s {0} {x}",
    "\u202eexe.cod",
    "\u2066isolated\u2069",
    "a" * 300,
    "W" * 200,
    "long-without-a-space-" * 12,
    "ﷺ" * 20,
    "Z̸̡̢̛̗̘̙̜̝̞̟̠̀̀̀algo",
    "🏳️‍🌈👩‍👩‍👧‍👦" * 5,
    "ＦＵＬＬ　ＷＩＤＴＨ",
    "مرحبا بالعالم",
    "שלום עולם",
    "日本語のとても長い住所" * 8,
    "null",
    "undefined",
    "NaN",
    "true",
    "[object Object]",
    "0x1F",
    "1e309",
    "-0",
    "\u00a0\u2003\u200b",
    "\ufeffmark",
    "a\u0000b".replace("\u0000", ""),
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/",
    "\r\nSet-Cookie: hacked=1".replace("\r\n", "%0d%0a"),
)


def _all() -> tuple[str, ...]:
    made = [form.format(call) for form, call in product((*MARKUP, *ATTRIBUTES, *TEMPLATES), CALLS)]
    others = [*OTHERS, *(f"Café {text}" for text in OTHERS), *(f"{text} B.V." for text in OTHERS)]
    return tuple(dict.fromkeys([*made, *others]))[:300]


HOSTILE = _all()
"""Three hundred different ones; those that need it call something which a test can see."""
