import keras
import pytest

from goldilocks.training.optimizer import Schedule, build

STEPS, RATE = 100, 0.5


def optimizer(**settings):
    arguments = {
        "name": "sgd",
        "learning_rate": RATE,
        "schedule": "constant",
        "decay_to": 0.0,
        "warmup": 0.0,
    }
    return build(STEPS, **{**arguments, "clipnorm": None, "ema_momentum": None, **settings})


def rate(step, shape, decay_to=0.0, warmup_steps=0):
    return float(Schedule(RATE, shape, decay_to, warmup_steps, STEPS)(step))


@pytest.mark.parametrize(
    ("shape", "decay_to", "start", "half", "end"),
    [
        ("constant", 0.2, 1, 1, 1),
        ("linear", 0.0, 1, 0.5, 0),
        ("linear", 0.2, 1, 0.6, 0.2),
        ("cosine", 0.0, 1, 0.5, 0),
        ("cosine", 0.2, 1, 0.6, 0.2),
        ("exponential", 0.01, 1, 0.1, 0.01),
        ("exponential", 0.0, 1, 0.001**0.5, 0.001),  # Nothing falls to 0 by a constant factor.
    ],
)
@pytest.mark.parametrize("warmup_steps", [0, 20])
def test_a_schedule_has_its_start_its_middle_and_its_end(
    shape, decay_to, start, half, end, warmup_steps
):
    steps = (warmup_steps, (warmup_steps + STEPS) // 2, STEPS, 10 * STEPS)
    factors = [rate(step, shape, decay_to, warmup_steps) / RATE for step in steps]
    assert factors == pytest.approx([start, half, end, end], rel=1e-4, abs=1e-6)


def test_a_cosine_begins_more_slowly_than_a_line():
    assert rate(25, "cosine") / RATE == pytest.approx((1 + 2**-0.5) / 2, rel=1e-5)
    assert rate(25, "linear") / RATE == pytest.approx(0.75)


@pytest.mark.parametrize("shape", ["constant", "linear", "cosine", "exponential"])
def test_the_warm_up_is_linear(shape):
    rise = [rate(step, shape, 0.1, 10) / RATE for step in range(11)]
    assert rise[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert max(rate(step, shape, 0.1, 10) for step in range(STEPS)) == pytest.approx(RATE)


def test_a_schedule_survives_its_config():
    schedule = Schedule(RATE, "cosine", 0.1, 10, STEPS)
    again = Schedule.from_config(schedule.get_config())
    assert [float(again(step)) for step in (0, 9, 50, 100)] == [
        float(schedule(step)) for step in (0, 9, 50, 100)
    ]


def test_a_constant_rate_stays_a_number_that_callbacks_can_set():
    constant = optimizer()
    assert not isinstance(constant._learning_rate, Schedule)
    constant.learning_rate = 0.25
    assert float(constant.learning_rate) == 0.25


def test_a_warm_up_is_a_fraction_of_all_steps():
    schedule = optimizer(warmup=0.2)._learning_rate
    assert isinstance(schedule, Schedule)
    assert (schedule.warmup_steps, schedule.steps) == (20, STEPS)
    assert float(schedule(0)) == pytest.approx(RATE / 20)


def test_training_follows_the_schedule():
    linear = optimizer(schedule="linear")
    weight = keras.Variable(0.0)
    linear.build([weight])
    for _ in range(50):
        linear.apply([keras.ops.ones(())])
    assert float(linear.learning_rate) == pytest.approx(RATE / 2)
    assert float(weight) == pytest.approx(
        -RATE * sum(1 - step / STEPS for step in range(50)), rel=1e-5
    )


def test_arguments_reach_keras():
    sgd = optimizer(momentum=0.8, nesterov=True, clipnorm=2.0)
    assert (sgd.momentum, sgd.nesterov, sgd.clipnorm) == (0.8, True, 2.0)
    assert isinstance(optimizer(name="adamw", weight_decay=0.1), keras.optimizers.AdamW)
