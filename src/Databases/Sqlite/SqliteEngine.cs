using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Fettle.Databases;

/// <summary>
/// Chooses the SQLite engine of the process: the system's patched <c>libsqlite3.so.0</c> when present, the bundled 3.35.5 otherwise.
/// <c>FETTLE_SQLITE=system|bundled</c> overrides.
/// </summary>
/// <remarks>
/// Functions are bound to the library one by one, at their first call. Where the program has already opened a connection of its own the bundled
/// library is bound in part, and it stays: a handle made by one library and passed to the other ends the process.
/// </remarks>
public static class SqliteEngine
{
    static readonly Lazy<(string Name, string Version)> Loaded = new(Load);

    /// <summary>Which library serves: <c>system</c> or <c>bundled</c>.</summary>
    public static string Source => Loaded.Value.Name;

    /// <summary>The engine's version, for instance <c>3.40.1</c>.</summary>
    public static string Version => Loaded.Value.Version;

    internal static void Ensure() => _ = Loaded.Value;

    static (string, string) Load()
    {
        var wanted = Environment.GetEnvironmentVariable("FETTLE_SQLITE") ?? "";
        var source = "bundled";
        if (wanted is not ("" or "system" or "bundled"))
        {
            throw new InvalidOperationException($"FETTLE_SQLITE is '{wanted}'; it must be 'system' or 'bundled'");
        }

        nint handle = 0;
        var bound = OperatingSystem.IsLinux() && File.ReadLines("/proc/self/maps").Any(l => l.Contains("libe_sqlite3.so", StringComparison.Ordinal));
        if (bound && wanted == "system")
        {
            throw new InvalidOperationException("FETTLE_SQLITE=system, but the program has opened a SQLite connection before its first use of Fettle; read SqliteEngine.Version first");
        }

        if (wanted != "bundled" && !bound && OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libsqlite3.so.0", out handle))
        {
            source = "system";
        }
        else if (wanted == "system")
        {
            throw new DllNotFoundException("FETTLE_SQLITE=system, but libsqlite3.so.0 cannot be loaded; install it or unset the variable");
        }

        if (source == "system")
        {
            var resolved = handle;
            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, (name, _, _) => name == "e_sqlite3" ? resolved : 0);
        }

        Batteries_V2.Init();
        return (source, raw.sqlite3_libversion().utf8_to_string());
    }
}
