using Fettle.Databases;

namespace Fettle.Services.Stocks.Serving;

/// <summary>
/// The versions of some tables as one text for cache keys. The text is made anew only when a version changed, because every hit of a cache
/// needs it.
/// </summary>
internal sealed class DataStamp(Database database, IReadOnlyList<string> tables)
{
    /// <summary>How late a write of another process may show while something is kept in memory.</summary>
    static readonly TimeSpan Staleness = TimeSpan.FromSeconds(1);

    Made? _last;

    public ValueTask<string> ReadAsync(CancellationToken cancellation)
    {
        var fresh = database.Versions.RefreshAsync(Staleness, cancellation);
        return fresh.IsCompletedSuccessfully ? new ValueTask<string>(Text()) : WaitAsync(fresh);
    }

    async ValueTask<string> WaitAsync(ValueTask fresh)
    {
        await fresh;
        return Text();
    }

    string Text()
    {
        var last = Volatile.Read(ref _last);
        if (last is not null && IsCurrent(last.Versions))
        {
            return last.Text;
        }

        // The numbers first: a write in between makes the text newer than its numbers, and the next reader makes it again.
        var versions = tables.Select(database.Versions.Get).ToArray();
        var made = new Made(versions, database.Versions.Stamp(tables));
        Volatile.Write(ref _last, made);
        return made.Text;
    }

    bool IsCurrent(long[] versions)
    {
        for (var i = 0; i < versions.Length; i++)
        {
            if (versions[i] != database.Versions.Get(tables[i]))
            {
                return false;
            }
        }

        return true;
    }

    sealed record Made(long[] Versions, string Text);
}
