namespace Fettle.AspNetCore;

/// <summary>One registered switch and its state.</summary>
public sealed class Switch
{
    readonly Lock _lock = new();
    readonly Action<bool>? _onChanged;
    readonly TimeProvider _time;
    volatile bool _on;

    internal Switch(SwitchDefinition definition, Action<bool>? onChanged, TimeProvider time)
    {
        Definition = definition;
        _onChanged = onChanged;
        _time = time;
        ChangedAt = time.GetUtcNow();
    }

    /// <summary>Name, layer, risk.</summary>
    public SwitchDefinition Definition { get; }

    /// <summary>The state that requests see.</summary>
    public bool On => _on;

    /// <summary>When the state last changed; the registration counts as a change.</summary>
    public DateTimeOffset ChangedAt { get; private set; }

    /// <summary>Sets the state; setting what is set already does nothing.</summary>
    /// <returns>True when the state changed.</returns>
    public bool Set(bool on)
    {
        lock (_lock)
        {
            if (_on == on)
            {
                return false;
            }

            _onChanged?.Invoke(on);
            _on = on;
            ChangedAt = _time.GetUtcNow();
            return true;
        }
    }
}
