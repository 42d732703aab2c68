using System.Globalization;

namespace Fettle.AspNetCore;

/// <summary>Where a sampled request's time went; absent from <c>HttpContext.Features</c> on other requests.</summary>
public interface IServerTiming
{
    /// <summary>Adds to a phase such as <c>db</c>, <c>cache</c>, <c>features</c> or <c>model</c>; calls with one name add up.</summary>
    void Add(string phase, TimeSpan duration);
}

internal sealed class ServerTiming(bool sampled) : IServerTiming
{
    readonly Lock _lock = new();
    readonly SortedDictionary<string, TimeSpan> _phases = new(StringComparer.Ordinal);

    /// <summary>Whether the caller asked; else only an authorised one sees the phases.</summary>
    public bool Sampled => sampled;

    public void Add(string phase, TimeSpan duration)
    {
        lock (_lock)
        {
            _phases[phase] = _phases.GetValueOrDefault(phase) + duration;
        }
    }

    public string Render(TimeSpan total)
    {
        lock (_lock)
        {
            return string.Join(", ", _phases.Append(new("total", total)).Select(p =>
                string.Create(CultureInfo.InvariantCulture, $"{p.Key};dur={p.Value.TotalMilliseconds:0.###}")));
        }
    }
}
