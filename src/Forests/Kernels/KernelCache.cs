using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Fettle.Forests.Kernels;

/// <summary>
/// Keeps the times of a model's kernels between processes: one small file per model file (SHA-256), processor, instruction set and build of this library.
/// 1. The file is a line of JSON that repeats what it is for, and a line with its SHA-256. It is written beside and renamed, so nobody reads half of it.
/// 2. Whatever is wrong with it – damaged, of another machine, for kernels this model does not have – it counts as absent: the kernels are timed again.
/// 3. A folder that cannot be written keeps nothing, and loading goes on.
/// </summary>
internal sealed class KernelCache(string folder, string modelChecksum, SimdLevel level)
{
    const string Schema = "fettle.kernels/1";

    string Key => string.Join('|', modelChecksum, Processor, level.ToString().ToLowerInvariant(), Library);

    /// <summary>Where the times are kept.</summary>
    public string Path => System.IO.Path.Combine(folder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))[..32]}.kernels");

    /// <summary>The processor's own name for itself; the architecture where it has none.</summary>
    public static string Processor { get; } = ProcessorName();

    /// <summary>Changes with every build that changes code.</summary>
    static string Library => typeof(KernelCache).GetTypeInfo().Assembly.ManifestModule.ModuleVersionId.ToString("N");

    /// <summary>The times, or null when there are none that can be trusted.</summary>
    public KernelTimes? Read(CompiledForest compiled)
    {
        try
        {
            var lines = File.ReadAllText(Path).Split('\n');
            if (lines.Length < 2 || lines[1] != Seal(lines[0]))
            {
                return null;
            }

            using var document = JsonDocument.Parse(lines[0]);
            var root = document.RootElement;
            if (root.GetProperty("schema").GetString() != Schema || root.GetProperty("key").GetString() != Key)
            {
                return null;
            }

            var ns = root.GetProperty("nanoseconds");
            double? Time(string name) => ns.TryGetProperty(name, out var value) ? value.GetDouble() : null;
            var times = new KernelTimes(ns.GetProperty("plain").GetDouble(), Time("walk"), Time("row"), Time("lanes"), Time("batchWalk"), Time("block"));
            return times.Fit(compiled) ? times : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    public void Write(KernelTimes times)
    {
        var line = new StringBuilder($"{{\"schema\":\"{Schema}\",\"key\":{JsonSerializer.Serialize(Key)},\"nanoseconds\":{{\"plain\":{Text(times.Plain)}");
        foreach (var (name, time) in new[] { ("walk", times.Walk), ("row", times.Row), ("lanes", times.Lanes), ("batchWalk", times.BatchWalk), ("block", times.Block) })
        {
            line.Append(time is { } value ? $",\"{name}\":{Text(value)}" : "");
        }

        var json = line.Append("}}").ToString();
        try
        {
            Directory.CreateDirectory(folder);
            var temporary = $"{Path}.{Guid.NewGuid():N}";
            File.WriteAllText(temporary, $"{json}\n{Seal(json)}\n");
            File.Move(temporary, Path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A read-only folder: the next process measures again.
        }
    }

    static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    static string Seal(string line) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)));

    static string ProcessorName()
    {
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < 0x80000004)
        {
            return RuntimeInformation.ProcessArchitecture.ToString();
        }

        // The brand string: 48 characters in three answers.
        Span<int> words = stackalloc int[12];
        for (var i = 0; i < 3; i++)
        {
            (words[4 * i], words[4 * i + 1], words[4 * i + 2], words[4 * i + 3]) = X86Base.CpuId(unchecked((int)0x80000002) + i, 0);
        }

        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words)).Trim('\0', ' ');
    }
}
