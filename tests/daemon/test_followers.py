"""Who is told of which job, and who is still there."""

from __future__ import annotations

from daemon import followers
from daemon.followers import Followers
from daemon.wire import CLIENT_GONE_S


def test_followers_of_a_job_are_told_until_it_ends() -> None:
    known = Followers()
    for identity in (b"ada", b"bob"):
        known.heard(identity, 0.0)
        known.follow(identity, "job-a")
    known.follow(b"ada", "job-b")
    known.follow(b"a stranger", "job-a")
    assert set(known.of("job-a")) == {b"ada", b"bob"}
    known.unfollow(b"bob", "job-a")
    assert known.of("job-a") == (b"ada",)
    known.ended("job-a")
    assert known.of("job-a") == ()
    assert known.of("job-b") == (b"ada",)
    known.gone(b"ada")
    assert known.of("job-b") == ()


def test_who_was_silent_is_told_nothing_more_but_keeps_its_name() -> None:
    known = Followers()
    known.heard(b"ada", 0.0).name = "ada"
    known.heard(b"bob", 0.0).name = "bob"
    for identity in (b"ada", b"bob"):
        known.follow(identity, "job-a")
    known.heard(b"bob", CLIENT_GONE_S)
    known.forget_silent(CLIENT_GONE_S + 1)
    assert known.of("job-a") == (b"bob",)
    assert known.heard(b"ada", 100.0).name == "ada"
    known.follow(b"ada", "job-a")
    assert set(known.of("job-a")) == {b"ada", b"bob"}


def test_whoever_was_heard_just_now_is_present_and_whoever_has_left_is_not_for_long() -> None:
    known = Followers()
    known.heard(b"ada", 0.0)
    known.heard(b"bob", 2.5)
    assert [known.present(now) for now in (2.5, 3.5, 6.0)] == [2, 1, 0]


def test_a_month_of_connections_leaves_nothing_behind() -> None:
    known = Followers()
    for number in range(3 * followers.REMEMBERED):
        identity = b"%d" % number
        known.heard(identity, float(number))
        known.follow(identity, f"job-{number}")
        known.forget_silent(float(number))
    assert len(known._peers) == followers.REMEMBERED
    assert len(known._of) <= CLIENT_GONE_S + 1
    assert known.heard(b"0", 5000.0).name.startswith("unnamed ")
