"""A sentence in which something is to be typed shows it so, and nothing in it is markup."""

from cutover.web.page import coded


def test_what_stands_between_backticks_is_shown_as_typed_and_everything_is_escaped():
    assert coded("<b> then `cutover <x>`.") == "&lt;b&gt; then <code>cutover &lt;x&gt;</code>."


def test_a_backtick_without_a_partner_is_left_as_it_is():
    assert coded("it`s <b>") == "it`s &lt;b&gt;"
