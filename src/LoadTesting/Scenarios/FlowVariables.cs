using System.Globalization;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>What <c>${…}</c> means for one actor: its own variables over the shared ones, its feed rows, its counters.</summary>
sealed class FlowVariables(IReadOnlyDictionary<string, string> shared, IReadOnlyDictionary<string, Feed> feeds, int user, int seed)
{
    readonly Dictionary<string, string> _own = [];
    readonly Dictionary<string, string[]> _rows = [];
    readonly Random _random = new(seed);

    public static FlowVariables None { get; } = new(new Dictionary<string, string>(), new Dictionary<string, Feed>(), 0, 0);

    public long Iteration { get; private set; } = -1;

    public Random Random => _random;

    public IReadOnlyDictionary<string, string> Own => _own;

    public void BeginIteration()
    {
        Iteration++;
        _rows.Clear();
    }

    /// <summary>Lets the next use of every feed draw a new row.</summary>
    public void DrawAgain() => _rows.Clear();

    public void Set(string name, string value) => _own[name] = value;

    public string Value(string name)
    {
        if (_own.TryGetValue(name, out var own) || shared.TryGetValue(name, out own))
        {
            return own;
        }

        var dot = name.IndexOf('.');
        var head = dot < 0 ? name : name[..dot];
        if (feeds.TryGetValue(head, out var feed))
        {
            if (!_rows.TryGetValue(head, out var row))
            {
                _rows[head] = row = feed.Draw();
            }

            return row[feed.Column(dot < 0 ? null : name[(dot + 1)..])];
        }

        return name switch
        {
            "user" => user.ToString(CultureInfo.InvariantCulture),
            "iteration" => Iteration.ToString(CultureInfo.InvariantCulture),
            "random" => _random.Next(1_000_000).ToString(CultureInfo.InvariantCulture),
            _ => "", // A name that only an answer can set, before it did: the step's extraction has failed and was counted.
        };
    }
}
