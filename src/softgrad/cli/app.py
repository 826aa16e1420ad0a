"""The typer application: what can be typed. The work is in the modules that the commands import when they run."""

from typing import Annotated

import typer

import softgrad
from softgrad.cli import check_options, options
from softgrad.cli.exits import EXIT_CODES, Program

__all__ = ["app"]

app = typer.Typer(
    name="softgrad",
    cls=Program,
    help="Softmax (multinomial logistic) regression on data tables: the gradient, checked; the fit, certified.",
    epilog=EXIT_CODES,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"softgrad {softgrad.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Show the help where no command is given."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog=EXIT_CODES)
def fit(
    data: options.Data,
    target: options.TrainTarget,
    features: options.Features = [],  # noqa: B006
    exclude: options.Exclude = [],  # noqa: B006
    c: options.Penalty = 1.0,
    model: options.ModelOut = "",
    report: options.ReportOut = "",
    test_size: options.TestSize = 0.2,
    seed: options.Seed = 0,
    impute: options.Impute = False,
    class_weight: options.Balanced = "none",
    no_intercept: options.NoIntercept = False,
    solver: options.Solver = "auto",
    tol: options.Tol = 1e-8,
    max_iter: options.MaxIter = 1000,
    memory_limit: options.MemoryLimit = "",
    cache: options.Cache = "",
    checkpoint: options.CheckpointOut = "",
    resume: options.Resume = False,
    as_json: options.AsJson = False,
) -> None:
    """Fit a softmax regression to a data table and measure it on held-out rows.

    The held-out rows are a stratified sample; the metrics are theirs.

    The model that --model saves is fitted again, on all rows.

    A table that would not fit into memory, a folder and a pattern are streamed from disk.
    """
    from softgrad.cli.fit_request import Request
    from softgrad.cli.fitting import run
    from softgrad.cli.show import show_fit

    parameters = {
        "C": c,
        "fit_intercept": not no_intercept,
        "class_weight": None if class_weight == "none" else class_weight,
        "solver": solver,
        "tol": tol,
        "max_iter": max_iter,
    }
    request = Request(
        data=data,
        target=target,
        features=tuple(features),
        exclude=tuple(exclude),
        parameters=parameters,
        model=model or None,
        report=report or None,
        test_size=test_size,
        seed=seed,
        impute=impute,
        memory_limit=options.size_of(memory_limit),
        cache=cache or None,
        checkpoint=checkpoint or None,
        resume=resume,
    )
    show_fit(run(request), as_json=as_json)


@app.command(epilog=EXIT_CODES)
def predict(
    model: options.Model,
    data: options.Data,
    output: options.Output = "-",
    proba: options.Proba = False,
    memory_limit: options.MemoryLimit = "",
) -> None:
    """Predict the class of every row of a data table.

    The columns are found by name, in any order; others are ignored.
    """
    from softgrad.cli.predict import run

    run(model, data, output, proba=proba, memory_limit=options.size_of(memory_limit))


@app.command(epilog=EXIT_CODES)
def evaluate(
    model: options.Model,
    data: options.Data,
    target: options.OptionalTarget = "",
    memory_limit: options.MemoryLimit = "",
    as_json: options.AsJson = False,
) -> None:
    """Measure a model on a data table that has the true classes."""
    from softgrad.cli.evaluate import run
    from softgrad.cli.show import show_evaluation

    show_evaluation(run(model, data, target or None, options.size_of(memory_limit)), as_json=as_json)


@app.command(epilog=EXIT_CODES)
def info(model: options.OptionalModel = "", as_json: options.AsJson = False) -> None:
    """Describe this installation, or a model file."""
    from softgrad.cli.info import describe_model
    from softgrad.cli.show import show_info
    from softgrad.report.installation import describe_installation

    described = describe_model(model) if model else {"command": "info", **describe_installation()}
    show_info(described, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def explain(
    convention: Annotated[
        str,
        typer.Option(
            "--convention",
            metavar="NAME",
            help="numpy, per-class, log-likelihood or columns; the page can switch.",
        ),
    ] = "numpy",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to write the page.")
    ] = "softgrad-explain.html",
) -> None:
    """Write the derivation of the gradient as one web page whose values can be dragged."""
    from softgrad.cli.explain import run

    typer.echo(run(convention, output))


@app.command(epilog=EXIT_CODES)
def export(model: options.Model, output: options.OnnxOut, dtype: options.Dtype = "float64") -> None:
    """Write a model as an ONNX file, which predicts without softgrad or Python.

    Its inputs are the model's columns, its outputs the label and the probabilities.
    """
    from softgrad.cli.export import run

    typer.echo(run(model, output, dtype))


@app.command(epilog=check_options.CHECK_EXIT_CODES)
def check(
    function: check_options.Function = "",
    value: check_options.ValueFunction = "",
    convention: check_options.ConventionName = "",
    alpha: check_options.Alpha = 0.0,
    penalize_intercept: check_options.PenalizeIntercept = False,
    data: check_options.DataFile = "",
    target: check_options.TargetColumn = "",
    time_limit: check_options.TimeLimit = 30.0,
    grade: check_options.Grade = "",
    output: check_options.TableOut = "",
    as_json: options.AsJson = False,
) -> None:
    """Check a hand-written gradient, and say which mistake it makes.

    The file runs in a process of its own, within the time limit; what it prints goes to standard error.

    That guards against accidents, not against malice: it is no sandbox.
    """
    from softgrad.cli.check import run

    code = run(
        function=function,
        value=value,
        convention=convention,
        alpha=alpha,
        penalize_intercept=penalize_intercept,
        data=data,
        target=target,
        time_limit=time_limit,
        grade=grade,
        output=output,
        as_json=as_json,
    )
    raise typer.Exit(code)
