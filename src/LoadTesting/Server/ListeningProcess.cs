using System.Globalization;

namespace Fettle.LoadTesting.Server;

/// <summary>Finds the process that listens on a local TCP port (/proc/net/tcp and the descriptors of every process that may be read).</summary>
static class ListeningProcess
{
    const string Listening = "0A";

    /// <summary>The processes that share the listening socket: a master and its workers.</summary>
    public static IReadOnlyList<int> Find(int port)
    {
        var sockets = Inodes("/proc/net/tcp", port).Concat(Inodes("/proc/net/tcp6", port)).Select(i => $"socket:[{i}]").ToHashSet();
        if (sockets.Count == 0)
        {
            return [];
        }

        return [.. Directory.EnumerateDirectories("/proc").Select(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && Holds(pid, sockets)).Order()];
    }

    static bool Holds(int pid, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Any(fd => File.ResolveLinkTarget(fd, false) is { Name: var name } && sockets.Contains(name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    static IEnumerable<string> Inodes(string table, int port)
    {
        if (!File.Exists(table))
        {
            yield break;
        }

        var end = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (var line in File.ReadLines(table).Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[3] == Listening && fields[1].EndsWith(end, StringComparison.Ordinal))
            {
                yield return fields[9];
            }
        }
    }
}
