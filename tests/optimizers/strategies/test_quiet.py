import sys
import threading

import pytest

from optimizers.strategies.quiet import quiet


def test_a_silenced_thread_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with quiet():
        sys.stdout.write("noise")
        sys.stderr.write("noise")
    sys.stdout.write("after\n")
    assert capsys.readouterr() == ("after\n", "")


def test_other_threads_print_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    with quiet():
        thread = threading.Thread(target=sys.stdout.write, args=("heard\n",))
        thread.start()
        thread.join()
    assert capsys.readouterr().out == "heard\n"


def test_nested_silence_ends_with_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with quiet():
        with quiet():
            pass
        sys.stdout.write("noise")
    assert sys.stdout is before
    assert capsys.readouterr().out == ""
