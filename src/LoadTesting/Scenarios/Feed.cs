namespace Fettle.LoadTesting.Scenarios;

/// <summary>How a feed chooses its next row.</summary>
enum FeedChoice
{
    Sequential,
    Uniform,
    Zipf,
}

/// <summary>Rows of data for requests; shared by all actors, so draws are under a lock.</summary>
sealed class Feed
{
    readonly string[] _columns;
    readonly string[][] _rows;
    readonly FeedChoice _choice;
    readonly Random _random;
    readonly double[]? _upper;
    readonly Lock _lock = new();
    readonly double _exponent;
    readonly int _seed;
    readonly int _step;
    int _next;

    /// <param name="columns">Column names.</param>
    /// <param name="rows">At least one row, each with a value per column.</param>
    /// <param name="choice">In turn, evenly at random, or by Zipf's law: row k with weight 1/k^exponent.</param>
    /// <param name="exponent">Of Zipf's law.</param>
    /// <param name="seed">Of the random choice.</param>
    /// <param name="share">This generator's number among <paramref name="shares"/>.</param>
    /// <param name="shares">How many generators draw from copies of the feed.</param>
    public Feed(string[] columns, string[][] rows, FeedChoice choice, double exponent = 1, int seed = 1, int share = 0, int shares = 1)
    {
        (_exponent, _seed, _next, _step) = (exponent, seed, share, shares);
        seed = unchecked(seed + share * 7919);
        (_columns, _rows, _choice, _random) = (columns, rows, choice, new Random(seed));
        if (choice == FeedChoice.Zipf)
        {
            var sum = 0.0;
            _upper = [.. Enumerable.Range(1, rows.Length).Select(k => sum += Math.Pow(k, -exponent))];
        }
    }

    public IReadOnlyList<string> Columns => _columns;

    public int Count => _rows.Length;

    public Feed ForShare(int share, int shares) => new(_columns, _rows, _choice, _exponent, _seed, share, shares);

    public int Column(string? name) => name is null ? 0 : Math.Max(0, Array.IndexOf(_columns, name));

    public string[] Draw()
    {
        lock (_lock)
        {
            return _rows[_choice switch
            {
                FeedChoice.Sequential => Advance(),
                FeedChoice.Uniform => _random.Next(_rows.Length),
                _ => Find(_random.NextDouble() * _upper![^1]),
            }];
        }
    }

    int Advance()
    {
        var at = _next % _rows.Length;
        _next = (_next + _step) % (_rows.Length * _step);
        return at;
    }

    int Find(double at)
    {
        var index = Array.BinarySearch(_upper!, at);
        return Math.Min(index < 0 ? ~index : index + 1, _rows.Length - 1);
    }
}
