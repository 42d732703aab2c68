using System.Data.Common;
using System.Globalization;

namespace Fettle.Databases;

/// <summary>One slow call.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Sql">The statement's shape.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Rows">Rows read.</param>
/// <param name="Parameters">Names with values, or with <c>(redacted)</c>.</param>
public sealed record SlowQuery(DateTimeOffset At, string Sql, double Milliseconds, long Rows, IReadOnlyDictionary<string, string> Parameters);

/// <summary>The latest slow calls, at most 256; older ones make room. Values of parameters are kept only when asked for.</summary>
public sealed class SlowQueryLog
{
    const int Most = 256;
    readonly Queue<SlowQuery> _calls = new();
    readonly TimeProvider _time;
    long _thresholdTicks;

    internal SlowQueryLog(TimeSpan threshold, TimeProvider time)
    {
        _time = time;
        Threshold = threshold;
    }

    /// <summary>Calls at least this long are logged; default 100 ms; 0–1 h.</summary>
    public TimeSpan Threshold
    {
        get;
        set
        {
            field = Throw.IfOutside(value, TimeSpan.Zero, TimeSpan.FromHours(1));
            _thresholdTicks = (long)(field.TotalSeconds * System.Diagnostics.Stopwatch.Frequency);
        }
    }

    /// <summary>Whether values of parameters are kept. Default false.</summary>
    public bool KeepParameters { get; set; }

    /// <summary>The calls kept, oldest first.</summary>
    public IReadOnlyList<SlowQuery> Snapshot()
    {
        lock (_calls)
        {
            return [.. _calls];
        }
    }

    internal bool IsSlow(long ticks) => ticks >= _thresholdTicks;

    internal void Add(string sql, long ticks, long rows, DbParameterCollection parameters)
    {
        var values = new Dictionary<string, string>();
        foreach (DbParameter parameter in parameters)
        {
            values[parameter.ParameterName] = KeepParameters ? Convert.ToString(parameter.Value, CultureInfo.InvariantCulture) ?? "" : "(redacted)";
        }

        var call = new SlowQuery(_time.GetUtcNow(), sql, ticks * 1000.0 / System.Diagnostics.Stopwatch.Frequency, rows, values);
        lock (_calls)
        {
            if (_calls.Count == Most)
            {
                _calls.Dequeue();
            }

            _calls.Enqueue(call);
        }
    }

    internal void Clear()
    {
        lock (_calls)
        {
            _calls.Clear();
        }
    }
}
