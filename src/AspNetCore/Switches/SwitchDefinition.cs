namespace Fettle.AspNetCore;

/// <summary>A named optimisation that a running service turns on and off without a restart.</summary>
/// <param name="Name">Lower-case words joined by hyphens; part of the URL.</param>
/// <param name="Layer">Where it acts: <c>database</c>, <c>cache</c>, <c>inference</c>, <c>features</c> or <c>delivery</c>.</param>
/// <param name="Description">One sentence for a person.</param>
/// <param name="Risk">How wrong it can go.</param>
/// <param name="NeedsWarmup">True when the first requests after the change are not representative.</param>
public sealed record SwitchDefinition(string Name, string Layer, string Description, SwitchRisk Risk = SwitchRisk.Low, bool NeedsWarmup = false)
{
    /// <summary>Saves the whole time of an answer.</summary>
    public const string WholeAnswer = "total";

    /// <summary>Saves bytes of answers, not time.</summary>
    public const string Bytes = "bytes";

    /// <summary>
    /// The phases of <c>Server-Timing</c> that it shortens, <see cref="WholeAnswer"/> or <see cref="Bytes"/>: their share is the most that it can gain,
    /// and what the tuner predicts. Default none: nothing is predicted.
    /// </summary>
    public IReadOnlyList<string> Saves { get; init; } = [];

    /// <summary>Largest relative difference of a number in an answer while it is on. Default 0: answers are equal; at most 0.1.</summary>
    public double Tolerance { get; init => field = Throw.IfOutside(value, 0, 0.1); }

    /// <summary>Whether it is on where no switches file names it. Default false.</summary>
    public bool OnByDefault { get; init; }
}

/// <summary>How wrong a switch can go: low changes speed only, medium holds state, high may change answers.</summary>
public enum SwitchRisk
{
    /// <summary>Only speed changes.</summary>
    Low,

    /// <summary>State is kept that must be invalidated.</summary>
    Medium,

    /// <summary>Answers may change within a declared tolerance.</summary>
    High,
}
