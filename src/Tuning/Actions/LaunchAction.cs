using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Actions;

/// <summary>
/// Starts the service with another environment: a new process beside the old one, requests go over when it is ready, the old one ends what it has begun.
/// </summary>
internal sealed class LaunchAction(LaunchSetting setting) : TuningAction
{
    public const string Prefix = "launch:";

    public LaunchSetting Setting => setting;

    public override string Id => Prefix + setting.Name;

    public override string Title => $"start with {string.Join(' ', Assignments)}";

    public override string Layer => "launch";

    public override string Risk => setting.Risk;

    public override string Why => setting.Why;

    public override bool NeedsWarmup => true;

    public override IReadOnlyList<string> Do => [$"start with {string.Join(' ', Assignments)}"];

    public override IReadOnlyList<string> Undo => [$"start without {string.Join(' ', setting.Environment.Keys)}"];

    IEnumerable<string> Assignments => setting.Environment.Select(e => $"{e.Key}={e.Value}");

    public override string Target(ServiceInstance instance) => $"launch:{instance.Name}";

    public override Task ApplyAsync(ServiceInstance instance, CancellationToken cancellation) => instance.SetLaunchAsync(setting, true, cancellation);

    public override Task UndoAsync(ServiceInstance instance, CancellationToken cancellation) => instance.SetLaunchAsync(setting, false, cancellation);
}
