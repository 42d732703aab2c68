using System.Diagnostics.CodeAnalysis;

namespace Fettle.LoadTesting;

/// <summary>Every exception of this assembly that names a setting: name, value, allowed range, fix.</summary>
static class Throw
{
    [DoesNotReturn]
    public static void OutOfRange(string name, object value, string allowed) =>
        throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; allowed: {allowed}");

    [DoesNotReturn]
    public static void Invalid(string name, string value, string allowed) =>
        throw new ArgumentException($"{name} is '{value}'; {allowed}", name);

    [DoesNotReturn]
    public static void NotAllowedHost(string host) =>
        throw new InvalidOperationException($"host '{host}' is not a loopback address; load goes only to loopback unless the host is allowed (--allow-host {host})");

    [DoesNotReturn]
    public static void Native(string call, int errno) =>
        throw new IOException($"{call} failed: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})");

    public static double InRange(double value, double min, double max, string name)
    {
        if (!(value >= min && value <= max))
        {
            OutOfRange(name, value, $"{min:R} to {max:R}");
        }

        return value;
    }

    public static int InRange(int value, int min, int max, string name)
    {
        if (value < min || value > max)
        {
            OutOfRange(name, value, $"{min} to {max}");
        }

        return value;
    }

    public static TimeSpan InRange(TimeSpan value, TimeSpan min, TimeSpan max, string name)
    {
        if (value < min || value > max)
        {
            OutOfRange(name, value, $"{min} to {max}");
        }

        return value;
    }
}
