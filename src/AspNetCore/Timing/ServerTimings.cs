using System.Diagnostics;

namespace Fettle.AspNetCore;

/// <summary>The phases of the present request, for code that does not see the request. On requests that are not timed it costs one read.</summary>
public static class ServerTimings
{
    static readonly AsyncLocal<IServerTiming?> Ambient = new();

    internal static IServerTiming? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>Measures until it is disposed and adds the time to a phase of the present request, if that is timed.</summary>
    /// <param name="phase">Such as <c>db</c>, <c>cache</c>, <c>features</c> or <c>model</c>; calls with one name add up.</param>
    public static Phase Measure(string phase) => Ambient.Value is { } timing ? new Phase(timing, phase, Stopwatch.GetTimestamp()) : default;

    /// <summary>One measurement under way.</summary>
    public readonly struct Phase : IDisposable
    {
        readonly IServerTiming? _timing;
        readonly string? _name;
        readonly long _start;

        internal Phase(IServerTiming timing, string name, long start) => (_timing, _name, _start) = (timing, name, start);

        /// <summary>Adds the time since the beginning.</summary>
        public void Dispose() => _timing?.Add(_name!, Stopwatch.GetElapsedTime(_start));
    }
}
