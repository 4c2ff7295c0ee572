import keras
import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from goldilocks.search.options import PRUNERS, StudySpec, read_spec
from goldilocks.search.study import make_pruner, open_storage
from goldilocks.search.trial import load_trial
from goldilocks.training.pruner import Pruner

EPOCHS = 9


@pytest.fixture
def searched(tmp_path):
    """A study, as a sweep leaves it for its jobs; finished trials have reported 1, 2, 3 ... divided
    by their number.
    """

    def made(pruner, *, warmup=0, finished=6, direction="minimize"):
        spec = StudySpec(
            storage=str(tmp_path / "search" / "s.log"),
            study="s",
            pruner=pruner,
            warmup=warmup,
            epochs=EPOCHS,
        )
        study = optuna.create_study(
            study_name="s",
            storage=open_storage(spec.storage),
            direction=direction,
            pruner=make_pruner(spec),
            sampler=optuna.samplers.RandomSampler(0),
        )
        spec.save(tmp_path)
        for _ in range(finished):
            trial = study.ask()
            seen = load_trial(read_spec(tmp_path), trial.number)
            for epoch in range(1, EPOCHS + 1):
                seen.report_epoch(epoch, 1.0)
            for fold in range(1, EPOCHS + 1):
                seen.report_training(fold, 1.0 + fold / 10, last=False)
            study.tell(trial, 1.0 + (EPOCHS + 1) / 20)
        return study

    return made


def epochs_trained(folder, study, *, value):
    """How far a new trial comes whose epochs are all worth so much."""
    seen = load_trial(read_spec(folder), study.ask().number)
    return next(
        (epoch for epoch in range(1, EPOCHS + 1) if seen.report_epoch(epoch, value)), EPOCHS
    )


def test_a_sweep_that_does_not_search_has_no_trials(tmp_path):
    assert read_spec(tmp_path) is None


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_a_bad_trial_is_stopped_and_a_good_one_is_not(tmp_path, searched, pruner):
    study = searched(pruner, finished=12)
    bad = [epochs_trained(tmp_path, study, value=2.0) for _ in range(4)]
    assert min(bad) < EPOCHS
    assert epochs_trained(tmp_path, study, value=0.5) == EPOCHS


@pytest.mark.parametrize(
    ("direction", "bad", "good"), [("minimize", 2.0, 0.5), ("maximize", 0.5, 2.0)]
)
def test_the_direction_of_the_study_decides_which_trial_is_pruned(
    tmp_path, searched, direction, bad, good
):
    study = searched("median", direction=direction)
    assert epochs_trained(tmp_path, study, value=bad) == 1
    assert epochs_trained(tmp_path, study, value=good) == EPOCHS


@pytest.mark.parametrize("warmup", [1, 4])
def test_no_trial_is_pruned_during_the_warm_up(tmp_path, searched, warmup):
    assert epochs_trained(tmp_path, searched("median", warmup=warmup), value=2.0) == warmup


def test_a_trial_at_its_last_epoch_has_finished(tmp_path, searched):
    study = searched("median")
    seen = load_trial(read_spec(tmp_path), study.ask().number)
    assert not seen.report_epoch(EPOCHS, 9.0)
    assert not seen.pruned


def test_without_a_pruner_nothing_is_stopped_and_epochs_are_counted(tmp_path, searched):
    study = searched("none")
    assert epochs_trained(tmp_path, study, value=9.0) == EPOCHS
    assert study.trials[0].user_attrs["epochs"] == EPOCHS
    assert study.trials[0].intermediate_values == dict.fromkeys(range(1, EPOCHS + 1), 1.0)


def test_only_the_first_training_is_compared_epoch_by_epoch(tmp_path, searched):
    study = searched("median")
    seen = load_trial(read_spec(tmp_path), study.ask().number)
    for epoch in range(1, EPOCHS + 1):
        assert not seen.report_epoch(epoch, 0.5)
    seen.report_training(1, 0.5, last=False)
    assert not any(seen.report_epoch(epoch, 9.0) for epoch in range(1, EPOCHS + 1))
    seen.report_training(2, 9.0, last=False)
    assert not seen.pruned
    assert study.trials[-1].user_attrs["epochs"] == 2 * EPOCHS


@pytest.mark.long
def test_wilcoxon_compares_whole_trainings(tmp_path, searched):
    study = searched("wilcoxon", warmup=3)
    bad, good = (load_trial(read_spec(tmp_path), study.ask().number) for _ in range(2))
    assert not any(bad.report_epoch(epoch, 9.0) for epoch in range(1, EPOCHS + 1))
    assert not study.trials[-2].intermediate_values
    trained = 0
    while not bad.pruned:
        trained += 1
        bad.report_training(trained, 2.0 + trained / 10, last=False)
    assert 3 < trained < EPOCHS
    for fold in range(1, EPOCHS + 1):
        good.report_training(fold, 0.5 + fold / 10, last=False)
    assert (bad.pruned, good.pruned) == (True, False)


@pytest.mark.long
def test_a_trial_is_not_pruned_after_its_last_fold(tmp_path, searched):
    study = searched("wilcoxon", warmup=3)
    bad = load_trial(read_spec(tmp_path), study.ask().number)
    for fold in range(1, EPOCHS + 1):
        bad.report_training(fold, 2.0 + fold / 10, last=fold >= 3)
    assert not bad.pruned


def test_a_job_whose_trial_is_closed_trains_on(tmp_path, searched):
    study = searched("median")
    trial = study.ask()
    seen = load_trial(read_spec(tmp_path), trial.number)
    study.tell(trial, state=TrialState.FAIL)  # As the next sweep does, where this one's was killed.
    assert not seen.report_epoch(1, 9.0)
    seen.report_training(1, 9.0, last=False)
    assert not seen.pruned


def test_every_pruner_can_be_made():
    for name in PRUNERS:
        for epochs in (None, 2):
            spec = StudySpec(storage="s", study="s", pruner=name, warmup=3, epochs=epochs)
            assert isinstance(make_pruner(spec), optuna.pruners.BasePruner)


def fitted(hopeless):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")
    calls = []

    def ask(epoch, value):
        calls.append((epoch, value))
        return hopeless(epoch)

    pruner = Pruner(ask, monitor="val_loss")
    keeper = keras.callbacks.EarlyStopping("val_loss", patience=9, restore_best_weights=True)
    history = model.fit(
        x, x.sum(1), validation_data=(x, x.sum(1)), epochs=4, verbose=0, callbacks=[keeper, pruner]
    ).history
    return history, pruner, calls, model.evaluate(x, x.sum(1), verbose=0)


@pytest.mark.long
def test_the_pruner_stops_training_and_the_best_epoch_stays():
    history, pruner, calls, loss = fitted(lambda epoch: epoch == 2)
    assert pruner.pruned
    assert [epoch for epoch, _ in calls] == [1, 2]
    assert [value for _, value in calls] == pytest.approx(history["val_loss"])
    assert loss == pytest.approx(min(history["val_loss"]))


@pytest.mark.long
def test_the_pruner_lets_a_good_trial_train_to_the_end():
    history, pruner, calls, _ = fitted(lambda epoch: False)
    assert not pruner.pruned
    assert len(history["val_loss"]) == len(calls) == 4


def test_without_a_monitored_value_nothing_is_pruned():
    pruner = Pruner(lambda epoch, value: pytest.fail("called"), monitor="val_loss")
    pruner.on_epoch_end(0, {"loss": 1.0})
    assert not pruner.pruned
