using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Fettle.Tuning.Journal;

/// <summary>
/// Lets one tuner at a time work on a target. The lock is the operating system's lock on an open file, so it ends with its process however
/// that ends; the owner's name stands in a file beside it for the message to the second.
/// </summary>
internal sealed class TargetLock : IDisposable
{
    readonly FileStream _file;
    readonly string _owner;

    TargetLock(FileStream file, string owner)
    {
        _file = file;
        _owner = owner;
    }

    /// <param name="folder">Where locks live: the same for all tuners of one user and machine.</param>
    /// <param name="target">The target's canonical name: a database address or a URL.</param>
    /// <param name="time">Clock of the owner's line.</param>
    /// <exception cref="TuningException">Another process holds it; the message names that process.</exception>
    public static TargetLock Take(string folder, string target, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(target)).AsSpan(0, 8));
        var owner = Path.Combine(folder, name + ".owner");
        FileStream file;
        try
        {
            file = new FileStream(Path.Combine(folder, name + ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new TuningException($"{target} is being tuned by {Owner(owner)}; wait for it or stop it", e);
        }

        File.WriteAllText(owner, string.Create(CultureInfo.InvariantCulture, $"{Environment.UserName}, process {Environment.ProcessId}, since {time.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC"));
        return new TargetLock(file, owner);
    }

    /// <summary>Where the locks of this user lie: beside nothing that a run deletes.</summary>
    public static string DefaultFolder => Path.Combine(Path.GetTempPath(), $"fettle-locks-{Environment.UserName}");

    public void Dispose()
    {
        File.Delete(_owner);
        _file.Dispose();
    }

    static string Owner(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
