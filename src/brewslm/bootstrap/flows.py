"""Work of several stages: which kind of job is done by which flow."""

from brewslm.services.autopilot import autopilot_flow
from brewslm.services.benchmarking.benchmark import benchmark_flow
from brewslm.services.data.golden import golden_flow
from brewslm.services.evaluating import evaluation_flow
from brewslm.services.forecasting.forecast import forecast_flow
from brewslm.services.importing import import_flow
from brewslm.services.optimizing import optimize_flow

FLOWS = {
    "import": import_flow,
    "autopilot": autopilot_flow,
    "evaluation": evaluation_flow,
    "optimize": optimize_flow,
    "golden": golden_flow,
    "benchmark": benchmark_flow,
    "forecast": forecast_flow,
}
