using System.Runtime.InteropServices;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>
/// The columns that the indicators of a batch are made from, each made once a block however many read it: the true range of three indicators, the mean
/// of the bands and of the plain average. An indicator alone has a plan of its own, and the same bits.
/// </summary>
internal sealed class ColumnPlan<V>
    where V : unmanaged, ILanes<V>
{
    readonly Dictionary<(Type Kind, int Period), Column<V>> _known = [];

    // In the order of asking: what a column is made from was asked for before it.
    readonly List<Column<V>> _columns = [];
    int _user;

    public bool IsEmpty => _columns.Count == 0;

    /// <summary>Makes the runner of an indicator, whose number names it to <see cref="Reset"/>.</summary>
    public KernelRunner<V> Add(Indicator indicator, int number)
    {
        _user = number;
        return indicator.CreateRunner(this);
    }

    public Column<V> TrueRange() => Get(0, () => new TrueRangeColumn<V>());

    public Column<V> AverageRange(int period)
    {
        var range = TrueRange();
        return Get(period, () => new AverageRangeColumn<V>(range, period));
    }

    public Column<V> Exponential(int period) => Get(period, () => new ExponentialColumn<V>(period));

    public Column<V> Mean(int period) => Get(period, () => new MomentColumn<V>(period));

    public MomentColumn<V> Moments(int period)
    {
        var column = Get(period, () => new MomentColumn<V>(period));
        column.WithVariance = true;
        return column;
    }

    public Column<V> Typical() => Get(0, () => new TypicalColumn<V>());

    public Column<V> Past(int length) => Get(length, () => new PastColumn<V>(length));

    /// <summary>Begins a series; indicator <c>n</c> begins at bar <c>starts[n]</c>.</summary>
    public void Reset(ReadOnlySpan<int> starts)
    {
        foreach (var column in _columns)
        {
            column.Reset();
            column.Begins = int.MaxValue;
            foreach (var user in CollectionsMarshal.AsSpan(column.Users))
            {
                column.Begins = Math.Min(column.Begins, starts[user]);
            }
        }
    }

    /// <summary>Makes every column for the bars <paramref name="from"/> to <paramref name="from"/> + <paramref name="count"/> of the tile.</summary>
    /// <param name="tile">Bars.</param>
    /// <param name="from">First bar of the block in the tile.</param>
    /// <param name="count">At most <see cref="Block.Length"/>.</param>
    /// <param name="passed">Bars of the series before the block.</param>
    public void Run(in Tile<V> tile, int from, int count, int passed)
    {
        foreach (var column in CollectionsMarshal.AsSpan(_columns))
        {
            var skipped = Math.Max(0, column.Begins - passed);
            if (skipped < count)
            {
                column.Run(tile, from, from + skipped, count - skipped);
            }
        }
    }

    T Get<T>(int period, Func<T> make)
        where T : Column<V>
    {
        ref var column = ref CollectionsMarshal.GetValueRefOrAddDefault(_known, (typeof(T), period), out var exists);
        if (!exists)
        {
            column = make();
            _columns.Add(column);
        }

        column!.Users.Add(_user);
        return (T)column;
    }
}
