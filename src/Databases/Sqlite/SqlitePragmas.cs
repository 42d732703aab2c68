using System.Globalization;
using System.Text;

namespace Fettle.Databases;

/// <summary>Connection pragmas of SQLite that trade memory or durability for speed. Each is explained by the advisor with its reason.</summary>
public sealed record SqlitePragmas
{
    /// <summary>Page cache per connection in MiB. Default 16; 1–4,096.</summary>
    public int CacheMiB { get; set => field = Throw.IfOutside(value, 1, 4_096); } = 16;

    /// <summary>Bytes of the file mapped into memory, in MiB; saves a copy per page read. Default 256; 0 turns it off; 0–65,536.</summary>
    public int MmapMiB { get; set => field = Throw.IfOutside(value, 0, 65_536); } = 256;

    /// <summary>
    /// False (default): <c>synchronous=NORMAL</c>; in WAL mode a power cut may lose the last commits but never corrupts.
    /// True: <c>FULL</c>, every commit is on disk when it returns.
    /// </summary>
    public bool DurableCommits { get; set; }

    /// <summary>Whether temporary b-trees stay in memory. Default true.</summary>
    public bool TempInMemory { get; set; } = true;

    internal string Sql()
    {
        var sql = new StringBuilder();
        sql.Append(CultureInfo.InvariantCulture, $"PRAGMA cache_size={-1024 * CacheMiB};");
        sql.Append(CultureInfo.InvariantCulture, $"PRAGMA mmap_size={1024L * 1024 * MmapMiB};");
        sql.Append(DurableCommits ? "PRAGMA synchronous=FULL;" : "PRAGMA synchronous=NORMAL;");
        sql.Append(TempInMemory ? "PRAGMA temp_store=MEMORY;" : "PRAGMA temp_store=DEFAULT;");
        return sql.ToString();
    }
}
