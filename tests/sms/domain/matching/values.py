"""Values that the placeholders of each kind take, for generated texts."""

from sms.domain.matching.kinds import PlaceholderKind

HOSTS = ("x.az", "b.az")
"""Those that generated placeholders of the kind `link` list."""
VALUES = {
    PlaceholderKind.ANY: ["a", "b 1", "www.x"],
    PlaceholderKind.DIGITS: ["1", "25", "2026"],
    PlaceholderKind.CODE: ["1", "a1", "25a", "A7K2"],
    PlaceholderKind.NUMBER: ["1", "1 250", "12.5", "-3", "1.250,50"],
    PlaceholderKind.AMOUNT: ["12.50 AZN", "1 250,50 ₼", "150.000đ", "₺99,90", "5"],
    PlaceholderKind.DATE: ["25.11.2026", "25/11", "25 noyabr 2026", "2026-11-25"],
    PlaceholderKind.TIME: ["14:30", "14h30", "2:30 PM", "14h"],
    PlaceholderKind.NAME: ["Ə", "a b", "O'a", "a-b."],
    PlaceholderKind.PHONE: ["+994501112233", "(050) 111-22-33", "195", "0501112233"],
    PlaceholderKind.EMAIL: ["a@b.co", "a.b@x.az"],
    PlaceholderKind.LINK: ["www.x", "b.az/1", "https://x.az", "https://a.x.az/2?1", "http://b.az:80/"],
    PlaceholderKind.TEXT: ["a", "1 2, 25", "b.azs", "050 111", "Cad.No:5"],
}
