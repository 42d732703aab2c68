using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Actions;

/// <summary>Turns on a switch that the running service registered.</summary>
/// <param name="definition">The switch as the service describes it.</param>
/// <param name="predictedGain">What it can gain at most, in words.</param>
internal sealed class SwitchAction(ServiceSwitch definition, string predictedGain = "") : TuningAction
{
    public const string Prefix = "switch:";

    public string Switch => definition.Name;

    public override string Id => Prefix + definition.Name;

    public override string Title => definition.Name;

    public override string Layer => definition.Layer;

    public override string Risk => definition.Risk.ToLowerInvariant();

    public override string Why => definition.Description;

    public override string PredictedGain => predictedGain;

    public override double Tolerance => definition.Tolerance;

    public override bool NeedsWarmup => definition.NeedsWarmup;

    public override IReadOnlyList<string> Do => [$"PUT /fettle/switches/{definition.Name} {{\"on\":true}}"];

    public override IReadOnlyList<string> Undo => [$"PUT /fettle/switches/{definition.Name} {{\"on\":false}}"];

    public override string Target(ServiceInstance instance) => $"switch:{instance.Url}";

    public override Task ApplyAsync(ServiceInstance instance, CancellationToken cancellation) =>
        instance.Client.SetSwitchAsync(definition.Name, true, cancellation);

    public override Task UndoAsync(ServiceInstance instance, CancellationToken cancellation) =>
        instance.Client.SetSwitchAsync(definition.Name, false, cancellation);
}
