using System.Globalization;
using Fettle.Testing;

namespace Fettle.Bench.Databases;

/// <summary>Processor time of the engine.</summary>
internal static class EngineCpu
{
    /// <summary>Milliseconds of processor time: of this process for SQLite; of the server, its sessions and workers, ended ones included, for PostgreSQL (in ticks of 10 ms).</summary>
    public static double Milliseconds(PostgresServer? server)
    {
        if (server is null)
        {
            return Environment.CpuUsage.TotalTime.TotalMilliseconds;
        }

        var ticks = 0L;
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(f => char.IsAsciiDigit(Path.GetFileName(f)[0])))
        {
            try
            {
                var text = File.ReadAllText(Path.Combine(folder, "stat"));
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                long Field(int n) => long.Parse(fields[n - 3], CultureInfo.InvariantCulture);
                var own = int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture) == server.ProcessId;
                ticks += own ? Field(14) + Field(15) + Field(16) + Field(17) : Field(4) == server.ProcessId ? Field(14) + Field(15) : 0;
            }
            catch (IOException)
            {
                // Ended between the listing and the reading; its time is the server's then.
            }
        }

        return ticks * 10.0;
    }
}
