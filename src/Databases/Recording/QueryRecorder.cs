using System.Collections.Concurrent;
using Fettle.Databases.Recording;
using Fettle.Databases.Sql;

namespace Fettle.Databases;

/// <summary>
/// Keeps one account per statement shape: calls, time, rows, sampled parameters, callers. Recording a call costs one dictionary look-up
/// by text and a few interlocked adds; a text is tokenised once.
/// </summary>
public sealed class QueryRecorder
{
    const int MostTexts = 20_000;
    const int MostShapes = 2_000;
    static readonly AsyncLocal<EndpointScope?> Current = new();
    readonly ConcurrentDictionary<string, StatementEntry> _byText = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, StatementEntry> _byShape = new(StringComparer.Ordinal);
    readonly DatabaseEngine _engine;
    long _overflow;

    internal QueryRecorder(DatabaseEngine engine, SlowQueryLog slow, bool enabled)
    {
        _engine = engine;
        Slow = slow;
        Enabled = enabled;
    }

    /// <summary>Whether calls are recorded; may be toggled while statements run.</summary>
    public bool Enabled { get; set; }

    /// <summary>The calls that took longer than the threshold.</summary>
    public SlowQueryLog Slow { get; }

    /// <summary>Calls that were not recorded because 2,000 shapes are already kept.</summary>
    public long Overflow => Interlocked.Read(ref _overflow);

    /// <summary>Names the caller of all statements run in this flow of control until the returned scope is disposed.</summary>
    /// <param name="name">For instance <c>POST /api/v1/predict</c>: the route, never a path with values in it.</param>
    public static IDisposable BeginEndpoint(string name)
    {
        var scope = new EndpointScope(name, Current.Value, static outer => Current.Value = outer);
        Current.Value = scope;
        return scope;
    }

    /// <summary>All shapes, most total time first.</summary>
    public IReadOnlyList<RecordedQuery> Snapshot() =>
        [.. _byShape.Values.Select(e => e.Read()).Where(q => q.Calls > 0).OrderByDescending(q => q.TotalMs)];

    /// <summary>Forgets everything recorded so far.</summary>
    public void Clear()
    {
        _byText.Clear();
        _byShape.Clear();
        Slow.Clear();
        Interlocked.Exchange(ref _overflow, 0);
    }

    internal StatementEntry Find(string sql)
    {
        if (_byText.TryGetValue(sql, out var entry))
        {
            return entry;
        }

        var tokens = SqlTokenizer.Read(sql, _engine);
        var shape = SqlNormalizer.Normalize(sql, tokens);
        if (!_byShape.TryGetValue(shape, out entry))
        {
            entry = new StatementEntry(shape, sql, SqlStatement.Analyze(tokens)) { Volatile = PredicateReader.NamesVolatile(tokens) };
            if (_byShape.Count < MostShapes)
            {
                entry = _byShape.GetOrAdd(shape, entry);
            }
            else
            {
                Interlocked.Increment(ref _overflow);
            }
        }

        // Texts with literals in them are all different: past the bound they are tokenised again rather than kept.
        if (_byText.Count < MostTexts)
        {
            _byText.TryAdd(sql, entry);
        }

        return entry;
    }

    internal static void Count(StatementEntry entry) => Current.Value?.Add(entry);
}
