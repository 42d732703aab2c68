using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Actions;

/// <summary>One optimisation that the loop can apply to an instance and take back. Undo is idempotent: it succeeds on what is already undone.</summary>
internal abstract class TuningAction
{
    /// <summary>Stable name, unique within a run, for instance <c>switch:feature-cache</c>.</summary>
    public abstract string Id { get; }

    public abstract string Title { get; }

    /// <summary><c>database</c>, <c>pool</c>, <c>cache</c>, <c>inference</c>, <c>delivery</c>, ….</summary>
    public abstract string Layer { get; }

    /// <summary><c>low</c>, <c>medium</c> or <c>high</c>; high is never applied without a yes.</summary>
    public abstract string Risk { get; }

    public abstract string Why { get; }

    /// <summary>What the proposer expects, in words; empty when it does not say.</summary>
    public virtual string PredictedGain => "";

    /// <summary>What applying does, as a person would type it.</summary>
    public abstract IReadOnlyList<string> Do { get; }

    public abstract IReadOnlyList<string> Undo { get; }

    /// <summary>Whether the action starts empty and gets better with use.</summary>
    public virtual bool NeedsWarmup => false;

    /// <summary>Relative tolerance of numbers in answers; 0 unless the action is declared lossy.</summary>
    public virtual double Tolerance => 0;

    /// <summary>Where the action acts on this instance, as the journal names it.</summary>
    public abstract string Target(ServiceInstance instance);

    public abstract Task ApplyAsync(ServiceInstance instance, CancellationToken cancellation);

    public abstract Task UndoAsync(ServiceInstance instance, CancellationToken cancellation);
}
