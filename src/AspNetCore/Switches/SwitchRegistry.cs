using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;

namespace Fettle.AspNetCore;

/// <summary>
/// The switches of one service. Reading a switch is a dictionary lookup and a volatile read;
/// keep the <see cref="Switch"/> that <see cref="Add"/> returns where a path is hot.
/// </summary>
public sealed partial class SwitchRegistry : IDisposable
{
    readonly ConcurrentDictionary<string, Switch> _switches = new(StringComparer.Ordinal);
    readonly TimeProvider _time;
    readonly IReadOnlyDictionary<string, bool> _initially;
    readonly Meter _meter = new("Fettle.Switches");

    internal SwitchRegistry(TimeProvider time, IReadOnlyDictionary<string, bool> initially)
    {
        _time = time;
        _initially = initially;
        _meter.CreateObservableGauge("fettle.switch.on", () => Each(s => s.On ? 1 : 0), null, "1 while the switch is on");
        _meter.CreateObservableGauge("fettle.switch.changed", () => Each(s => s.ChangedAt.ToUnixTimeMilliseconds() / 1000.0), "s", "When the switch last changed, since 1970");
    }

    /// <summary>All switches in the order of their names.</summary>
    public IReadOnlyList<Switch> All => [.. _switches.Values.OrderBy(s => s.Definition.Name, StringComparer.Ordinal)];

    /// <summary>Registers a switch; it starts as the service's switches file says, or as its definition does.</summary>
    /// <param name="definition">Its name and what it does.</param>
    /// <param name="onChanged">Runs on every change, under the switch's lock, before the change is visible; an exception leaves the switch as it was.</param>
    /// <exception cref="ArgumentException">The name is malformed or already registered.</exception>
    public Switch Add(SwitchDefinition definition, Action<bool>? onChanged = null)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (!NamePattern().IsMatch(definition.Name))
        {
            throw new ArgumentException($"switch name '{definition.Name}' must be lower-case words joined by hyphens", nameof(definition));
        }

        var added = new Switch(definition, onChanged, _time);
        if (!_switches.TryAdd(definition.Name, added))
        {
            throw new ArgumentException($"switch '{definition.Name}' is already registered", nameof(definition));
        }

        if (_initially.GetValueOrDefault(definition.Name, definition.OnByDefault))
        {
            added.Set(true);
        }

        return added;
    }

    /// <summary>Whether the switch is on; an unknown name is off.</summary>
    public bool IsOn(string name) => _switches.TryGetValue(name, out var found) && found.On;

    /// <summary>The switch of that name, or null.</summary>
    public Switch? Find(string name) => _switches.GetValueOrDefault(name);

    /// <summary>Removes the instruments.</summary>
    public void Dispose() => _meter.Dispose();

    IEnumerable<Measurement<double>> Each(Func<Switch, double> value) =>
        _switches.Values.Select(s => new Measurement<double>(value(s), new KeyValuePair<string, object?>("switch", s.Definition.Name)));

    [GeneratedRegex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    private static partial Regex NamePattern();
}
