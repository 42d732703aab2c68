using Fettle.Databases;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Actions;

/// <summary>Proposes actions in the order in which they are tried: what removes work first, what remembers work last, so that a cache cannot hide a missing index.</summary>
internal static class ActionSource
{
    static readonly string[] SwitchOrder = ["pool", "batch", "panel", "compiled", "quantised", "inference", "query", "feature", "prediction", "warm", "compress", "output", "static"];

    public static async Task<IReadOnlyList<TuningAction>> ProposeAsync(ServiceInstance instance, IReadOnlyList<RecordedQuery> queries, IReadOnlyList<ServiceSwitch> switches, AnswerPhases phases, IReadOnlyList<LaunchSetting> settings, double alone, CancellationToken cancellation)
    {
        var actions = new List<TuningAction>();
        if (instance.Database is { } address && queries.Count > 0)
        {
            actions.AddRange(await DatabaseAdvice.ActionsAsync(address, queries, alone, cancellation));
        }

        actions.AddRange(switches.OrderBy(Rank).ThenBy(s => s.Name, StringComparer.Ordinal).Select(s => new SwitchAction(s, phases.Gain(s))));

        // A new process costs most, and whether it helps depends on what the others left to do.
        actions.AddRange(settings.Select(s => new LaunchAction(s)));
        return actions;
    }

    static int Rank(ServiceSwitch definition)
    {
        var index = Array.FindIndex(SwitchOrder, word => definition.Name.Contains(word, StringComparison.OrdinalIgnoreCase));
        return index < 0 ? SwitchOrder.Length : index;
    }
}
