"""Every threshold of the judge with its default. `config/thresholds.yaml` is written from here."""

from typing import Self

from pydantic import Field, model_validator

from brewslm.core.value import Described


class EpisodeThresholds(Described):
    """When an episode ends, and when another one is told again."""

    recover_after: int = Field(5, ge=1)
    """Records in a row without the trouble that end it; of evaluations, checkpoints and pauses one is enough."""
    non_finite_recover_after: int = Field(10, ge=1)
    """The same for numbers that are not finite: weights that they have touched often show it late."""
    cooldown_records: int = Field(50, ge=0)
    """Records after an alert in which its detector is silent unless it gets worse; later, what lasts is told."""


class WatchThresholds(Described):
    """The active watch over the first steps."""

    watch_steps: int = Field(1000, ge=1)
    """Steps that are watched, at most."""
    watch_share: float = Field(0.2, gt=0, le=1)
    """Share of the run that is watched, if that is less."""
    check_every: int = Field(100, ge=1)
    """Steps between two lines of each check; the last one comes where the watch ends."""
    min_records: int = Field(12, ge=4)
    """Records without which nothing is said of the trend."""
    min_fall: float = Field(0.01, ge=0)
    """Fall, as a part of the loss, that is learning if it is beyond noise (two standard errors)."""
    surely_below: float = Field(0.03, gt=0)
    """The loss does not learn if it surely (by two standard errors) fell by less than this part of itself."""


class LossThresholds(Described):
    """Loss that is no loss."""

    zero_records: int = Field(2, ge=1)
    """Records in a row with a loss of exactly 0: often all is masked, or a NaN is written as 0."""


class SpikeThresholds(Described):
    """A loss that leaves its own track upwards."""

    rolling_sd: float = Field(8.0, gt=0)
    """Robust standard deviations of the last residuals to leave it by, and half of that of the first ones."""
    frozen_sd: float = Field(16.0, gt=0)
    """Robust standard deviations of the first residuals that are enough alone; they cannot get used to spikes."""
    min_rise: float = Field(0.25, gt=0)
    """Rise below which nothing is a spike, as a part of the loss."""
    early_ratio: float = Field(3.0, gt=1)
    """While there is no track yet (some 20 records): this many times the highest loss so far."""
    min_sd: float = Field(0.02, gt=0)
    """Least standard deviation that is believed, as a part of the loss, so that flat curves do not cry wolf."""


class DivergenceThresholds(Described):
    """A loss whose level rises and stays."""

    rise: float = Field(0.2, gt=0)
    """Rise of the median of 8 records above the lowest such median, as a part of it, that is a warning."""
    noise_sd: float = Field(4.0, gt=0)
    """The rise must be as many robust standard deviations of single records, too."""
    critical_rise: float = Field(0.7, gt=0)
    """Rise that is critical, in natural logarithm (0.7: twice the loss); a level above the first one is, too."""
    confirm: int = Field(3, ge=1)
    """Records in a row that must show it."""


class PlateauThresholds(Described):
    """A loss that no longer falls."""

    min_records: int = Field(90, ge=20)
    """Records without which nothing is said."""
    fall: float = Field(0.01, gt=0)
    """Fall over the last half of the run, as a part of the loss, that the loss surely stays below."""
    standard_errors: float = Field(1.5, ge=0)
    """How surely."""
    evals: int = Field(5, ge=2)
    """Evaluations in a row without a better one; they must span a fifth of the run, too."""
    eval_fall: float = Field(0.001, gt=0)
    """What counts as better, as a part of the loss."""
    min_learning_rate: float = Field(0.3, ge=0, le=1)
    """Below this share of the highest learning rate a flat curve is as it should be."""
    until: float = Field(0.9, gt=0, le=1)
    """Share of the run after which nothing is said: it ends anyway."""


class OverFitThresholds(Described):
    """Evaluations get worse while training gets better."""

    evals: int = Field(3, ge=1)
    """Evaluations in a row that are worse than the best one."""
    rise: float = Field(0.02, gt=0)
    """By at least this part of the loss,"""
    noise_sd: float = Field(4.0, ge=0)
    """and by as many robust standard deviations from one evaluation to the next."""
    critical_rise: float = Field(0.25, gt=0)
    """Rise that is critical."""
    train_fall: float = Field(0.02, gt=0)
    """By how much the training loss must have fallen meanwhile, as a part of it."""


class GradientThresholds(Described):
    """The norm of the gradient, before clipping."""

    limit: float = Field(100.0, gt=0)
    """Norm that is a warning whatever the run is used to."""
    critical_limit: float = Field(1000.0, gt=0)
    """Norm that is critical."""
    baseline_sd: float = Field(6.0, gt=0)
    """Robust standard deviations (of its logarithm) over the run's own baseline."""
    min_ratio: float = Field(3.0, gt=1)
    """Times the baseline below which nothing is said."""


class ThroughputThresholds(Described):
    """Tokens, samples or steps a second."""

    share: float = Field(0.5, gt=0, lt=1)
    """Share of what was expected (the forecast, then the run's own median) below which it is a warning."""
    critical_share: float = Field(0.1, gt=0, lt=1)
    """Share below which it is critical."""
    baseline_records: int = Field(16, ge=3)
    """Records of an attempt, after the first two, whose median is the run's own."""


class UtilisationThresholds(Described):
    """How busy the device is."""

    share: float = Field(0.5, gt=0, lt=1)
    """Median share of time below which it is a warning."""
    data_wait: float = Field(0.3, gt=0, lt=1)
    """Share of a step that waits for data, from which on the data pipeline is named."""
    records: int = Field(10, ge=1)
    """Records that the medians are taken over."""


class MemoryThresholds(Described):
    """Memory of the device, or of the machine where it trains by itself."""

    share: float = Field(0.95, gt=0, le=1)
    """Share in use from which on it is a warning."""
    critical_share: float = Field(0.99, gt=0, le=1)
    """Share from which on it is critical."""


class StallThresholds(Described):
    """Pauses, by what the training does meanwhile."""

    training_seconds: float = Field(60.0, gt=0)
    """Pause between two records of training that is always fine."""
    training_medians: float = Field(10.0, gt=1)
    """Times the run's own median pause that is fine, in every phase."""
    starting_seconds: float = Field(600.0, gt=0)
    """Pause that is fine before and between the first three records: loading, compiling."""
    evaluating_seconds: float = Field(600.0, gt=0)
    """Pause before an evaluation that is always fine."""
    saving_seconds: float = Field(300.0, gt=0)
    """Pause before a checkpoint that is always fine."""
    critical_times: float = Field(3.0, gt=1)
    """Times the limit from which on it is critical."""
    idle_seconds: float = Field(20.0, gt=0)
    """Of a worker that has not used the processor lately: pause without a pulse while training or evaluating."""
    busy_times: float = Field(5.0, ge=1)
    """Times as long is waited for a worker that uses the processor: it may be slow, and not hang."""
    beat_seconds: float = Field(30.0, gt=0)
    """Without a beat of the shim beside a worker, which beats once a second."""


class CheckpointThresholds(Described):
    """How much would be lost."""

    intervals: float = Field(3.0, gt=1)
    """Times the usual interval since the last checkpoint from which on it is a warning."""


class DiskThresholds(Described):
    """Free space where checkpoints are written."""

    checkpoints: float = Field(4.0, gt=0)
    """Room for fewer checkpoints than this is a warning."""
    critical_checkpoints: float = Field(2.0, gt=0)
    """Room for fewer is critical."""
    free_bytes: int = Field(2 << 30, ge=0)
    """Free bytes below which it is a warning, whatever a checkpoint takes."""
    critical_free_bytes: int = Field(256 << 20, ge=0)
    """Free bytes below which it is critical."""


class DeviceThresholds(Described):
    """Heat and errors of a GPU."""

    temperature: float = Field(85.0, gt=0)
    """°C of the core that are a warning."""
    critical_temperature: float = Field(92.0, gt=0)
    """°C of the core that are critical."""
    memory_temperature: float = Field(95.0, gt=0)
    """°C of the memory that are a warning."""
    critical_memory_temperature: float = Field(105.0, gt=0)
    """°C of the memory that are critical."""
    throttled_records: int = Field(3, ge=1)
    """Records in a row that are slowed down by heat or power, and a warning."""


class DesignThresholds(Described):
    """When a training is taken to lead nowhere: a matter of its design, which nothing is done about by itself."""

    share: float = Field(0.5, gt=0, le=1)
    """Share of the steps after which it should have been better than its untuned base once."""
    evals: int = Field(2, ge=1)
    """Evaluations without which nothing is said."""


class Thresholds(Described):
    """All of them. A file may hold any part; what it does not say stays as it is here."""

    episodes: EpisodeThresholds = EpisodeThresholds()
    watch: WatchThresholds = WatchThresholds()
    loss: LossThresholds = LossThresholds()
    spike: SpikeThresholds = SpikeThresholds()
    divergence: DivergenceThresholds = DivergenceThresholds()
    plateau: PlateauThresholds = PlateauThresholds()
    over_fit: OverFitThresholds = OverFitThresholds()
    gradient: GradientThresholds = GradientThresholds()
    throughput: ThroughputThresholds = ThroughputThresholds()
    utilisation: UtilisationThresholds = UtilisationThresholds()
    memory: MemoryThresholds = MemoryThresholds()
    stall: StallThresholds = StallThresholds()
    checkpoint: CheckpointThresholds = CheckpointThresholds()
    disk: DiskThresholds = DiskThresholds()
    device: DeviceThresholds = DeviceThresholds()
    design: DesignThresholds = DesignThresholds()

    @model_validator(mode="after")
    def _warns_before_it_is_critical(self) -> Self:
        pairs = {
            "divergence.rise < divergence.critical_rise": self.divergence.rise < self.divergence.critical_rise,
            "over_fit.rise < over_fit.critical_rise": self.over_fit.rise < self.over_fit.critical_rise,
            "gradient.limit < gradient.critical_limit": self.gradient.limit < self.gradient.critical_limit,
            "throughput.critical_share < throughput.share": self.throughput.critical_share < self.throughput.share,
            "memory.share < memory.critical_share": self.memory.share < self.memory.critical_share,
            "disk.critical_checkpoints < disk.checkpoints": self.disk.critical_checkpoints < self.disk.checkpoints,
            "disk.critical_free_bytes < disk.free_bytes": self.disk.critical_free_bytes < self.disk.free_bytes,
            "device.temperature < device.critical_temperature": self.device.temperature
            < self.device.critical_temperature,
            "device.memory_temperature < device.critical_memory_temperature": self.device.memory_temperature
            < self.device.critical_memory_temperature,
        }
        broken = [rule for rule, holds in pairs.items() if not holds]
        if broken:
            message = f"must hold: {'; '.join(broken)}"
            raise ValueError(message)
        return self
