using System.Runtime.InteropServices;

namespace Fettle.Indicators.Batches;

/// <summary>
/// Asks Linux for pages of 2 MiB. A batch touches hundreds of rows at once, each on pages of its own: with pages of 4 KiB a good part of its time
/// is spent on translating addresses. A kernel that does not grant them changes nothing but time.
/// </summary>
internal static unsafe partial class HugePages
{
    const nint Size = 2 << 20;
    const int MadvHugepage = 14;

    /// <summary>Has no effect on memory that was touched before.</summary>
    public static void Ask(void* start, long bytes)
    {
        var from = ((nint)start + Size - 1) & -Size;
        var to = ((nint)start + (nint)bytes) & -Size;
        if (from >= to || !OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = MAdvise(from, (nuint)(to - from), MadvHugepage);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library without it: pages stay small.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(nint address, nuint length, int advice);
}
