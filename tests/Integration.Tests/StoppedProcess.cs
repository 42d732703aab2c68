using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Fettle.Integration.Tests;

/// <summary>A process that a test stops in its tracks and lets go again: what is on disk meanwhile is what kill −9 would leave at that moment.</summary>
internal static class StoppedProcess
{
    const int SigStop = 19, SigContinue = 18;

    /// <summary>Runs an action while every thread of the process stands still.</summary>
    /// <returns>False when the process has ended.</returns>
    public static async Task<bool> WhileAsync(Process process, Action action, CancellationToken cancellation)
    {
        if (process.HasExited || Kill(process.Id, SigStop) != 0)
        {
            return false;
        }

        try
        {
            while (!process.HasExited && !Stands(process.Id))
            {
                await Task.Delay(1, cancellation);
            }

            action();
            return true;
        }
        finally
        {
            _ = Kill(process.Id, SigContinue);
        }
    }

    static bool Stands(int pid)
    {
        try
        {
            return Directory.EnumerateDirectories($"/proc/{pid}/task").All(thread => File.ReadAllText(thread + "/stat") is var stat && stat[stat.LastIndexOf(')') + 2] is 'T' or 'Z' or 'X');
        }
        catch (IOException)
        {
            // A thread ended between the listing and the reading.
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    static extern int Kill(int process, int signal);
}
