using System.Globalization;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>One setting with its reason. Settings of a connection belong to whoever opens it; persistent ones come with statements.</summary>
/// <param name="Name">Setting or pragma.</param>
/// <param name="Current">Value now.</param>
/// <param name="Proposed">Value proposed.</param>
/// <param name="Persistent">Whether it stays with the database rather than with a connection.</param>
/// <param name="Why">The reason, and what it costs.</param>
/// <param name="Do">Statement that sets it.</param>
/// <param name="Undo">Statement that sets the current value again.</param>
public sealed record SettingAdvice(string Name, string Current, string Proposed, bool Persistent, string Why, string Do, string Undo);

/// <summary>Proposes pragmas of SQLite and settings of PostgreSQL, each with its reason and its price.</summary>
public static class SettingsAdvisor
{
    /// <summary>Settings that differ from what serves a read-mostly web service.</summary>
    /// <param name="database">Read only.</param>
    /// <param name="memoryBytes">Memory of the database machine. 64 MB–64 TB.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static async Task<IReadOnlyList<SettingAdvice>> AdviseAsync(Database database, long memoryBytes, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        Throw.IfOutside(memoryBytes, 64L << 20, 64L << 40);
        var lease = await database.LeaseRawAsync(write: false, cancellation).ConfigureAwait(false);
        var broken = true;
        try
        {
            var advice = database.Engine == DatabaseEngine.Sqlite
                ? await SqliteAsync(lease.Connection, cancellation).ConfigureAwait(false)
                : await PostgresAsync(lease.Connection, memoryBytes, cancellation).ConfigureAwait(false);
            broken = false;
            return [.. advice.Where(a => a.Current != a.Proposed)];
        }
        finally
        {
            lease.Return(broken);
        }
    }

    static async Task<List<SettingAdvice>> SqliteAsync(System.Data.Common.DbConnection connection, CancellationToken cancellation)
    {
        async Task<string> Now(string pragma) => Convert.ToString((await SqliteSchemaReader.QueryAsync(connection, $"PRAGMA {pragma}", cancellation).ConfigureAwait(false))[0][0], CultureInfo.InvariantCulture)!;
        SettingAdvice Pragma(string name, string now, string proposed, bool persistent, string why) => new(name, now, proposed, persistent, why, $"PRAGMA {name}={proposed}", $"PRAGMA {name}={now}");
        return
        [
            Pragma("journal_mode", await Now("journal_mode").ConfigureAwait(false), "wal", true, "readers no longer wait for the writer nor the writer for them; needs a local file system, and two more files beside the database"),
            Pragma("synchronous", await Now("synchronous").ConfigureAwait(false), "1", false, "NORMAL: a commit no longer waits for the disk; in WAL mode a power cut may lose the last commits but cannot corrupt; keep FULL (2) where every commit must survive"),
            Pragma("mmap_size", await Now("mmap_size").ConfigureAwait(false), "268435456", false, "pages are read from the mapped file without a copy; an I/O error then arrives as a signal"),
            Pragma("cache_size", await Now("cache_size").ConfigureAwait(false), "-16384", false, "16 MiB of pages per connection instead of 2: inner pages of indexes stay in memory"),
            Pragma("temp_store", await Now("temp_store").ConfigureAwait(false), "2", false, "sorts and temporary b-trees stay in memory; a very large sort then needs as much memory"),
            Pragma("busy_timeout", await Now("busy_timeout").ConfigureAwait(false) is "0" ? "0" : "5000", "5000", false, "a statement waits up to 5 s for another process's write instead of failing with 'database is locked'"),
        ];
    }

    static async Task<List<SettingAdvice>> PostgresAsync(System.Data.Common.DbConnection connection, long memory, CancellationToken cancellation)
    {
        var settings = (await SqliteSchemaReader.QueryAsync(connection, "SELECT name, current_setting(name) FROM pg_settings WHERE name IN ('shared_buffers', 'effective_cache_size', 'work_mem', 'random_page_cost', 'track_io_timing', 'jit', 'shared_preload_libraries')", cancellation).ConfigureAwait(false)).ToDictionary(r => (string)r[0]!, r => (string)r[1]!);
        var megabytes = memory >> 20;
        string Size(long mb) => mb % 1024 == 0 ? $"{mb / 1024}GB" : $"{mb}MB";
        SettingAdvice Set(string name, string proposed, string why) => new(name, settings[name], proposed, true, why, $"ALTER SYSTEM SET {name} = '{proposed}'", $"ALTER SYSTEM SET {name} = '{settings[name]}'");
        return
        [
            Set("shared_buffers", Size(megabytes / 4), "a quarter of the memory holds the hot pages; takes effect at a restart"),
            Set("effective_cache_size", Size(megabytes * 3 / 4), "tells the planner how much the system caches, so that it trusts indexes; allocates nothing"),
            Set("random_page_cost", "1.1", "on solid-state disks and in memory a random page costs hardly more than the next one; the default of 4 was for spinning disks and makes the planner scan"),
            Set("work_mem", Size(Math.Clamp(megabytes / 256, 4, 64)), "sorts and hashes of this size stay in memory; counts per sort and per connection"),
            Set("track_io_timing", "on", "shows reads and their time in plans and statistics; costs little where the clock is cheap"),
            Set("jit", "off", "short statements of a web service spend longer compiling than running; leave it on for reports of seconds"),
        ];
    }
}
