from goldilocks.tracking import metric_names

CURVES = ("accuracy", "data_loss", "learning_rate", "loss", "seconds", "val_accuracy", "val_loss")
SINGLE = (
    *("best_epoch", "best_val_loss", "best_val_loss_low", "best_val_loss_std", "best_val_mae"),
    *("baseline/val_loss", "baseline/test_auc", "null_error/auc", "verdict/p_go_on", "epochs"),
    *("threshold/f1_score_at_0.5", "promised/mae", "calibration_error", "folds_overlap"),
    *("parameters", "train_seconds", "test_mae_low", "trainings"),
)


def test_every_name_is_read_as_it_was_written():
    values = {name: float(number) for number, name in enumerate((*SINGLE, *CURVES))}
    stored = {metric_names.stored(name): value for name, value in values.items()}
    assert len(stored) == len(values)
    assert metric_names.ours(stored) == values
    assert metric_names.ours(values) == values, "a store of an earlier version"


def test_curves_and_searched_values_keep_their_names():
    for name in (*CURVES, "best_epoch", "best_val_accuracy", "test_mae"):
        assert metric_names.stored(name) == name


def test_above_the_curves_mlflow_draws_the_best_epoch_and_its_values_alone():
    stored = [metric_names.stored(name) for name in SINGLE]
    assert not [name for name in stored if "/" in name]
    of_validation = [name for name in stored if "test" not in name and "promised" not in name]
    assert sorted(name for name in of_validation if name < "val_loss") == [
        "best_epoch",
        "best_val_loss",
        "best_val_mae",
    ]
