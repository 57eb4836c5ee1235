from scbsim.spec.difference import differences


def test_differences_name_keys_and_both_values():
    wanted = {"seed": 1, "stage": [{"steps": 5, "rule": None}], "task": {"N": 3}}
    found = {"seed": 1, "stage": [{"steps": 7}], "task": {"N": 3, "Q": 2}}
    assert differences(wanted, found) == [
        "stage.0.steps is 7 there and 5 here",
        "task.Q is 2 there and not set here",
    ]
    assert differences(wanted, wanted) == []
