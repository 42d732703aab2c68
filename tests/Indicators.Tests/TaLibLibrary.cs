using System.Runtime.InteropServices;
using Fettle.Testing;

namespace Fettle.Indicators.Tests;

/// <summary>TA-Lib's C library where there is one: the file that <c>FETTLE_TALIB</c> names, or the system's.</summary>
internal static unsafe class TaLibLibrary
{
    static readonly Lazy<nint> Handle = new(Open);

    public static bool IsThere => Handle.Value != 0;

    /// <summary>Calls a function whose arguments between the inputs and the outputs are <paramref name="options"/>; outputs before its first value are NaN.</summary>
    public static double[][] Call(string function, double[][] inputs, object[] options, int outputs)
    {
        var length = inputs[0].Length;
        var results = Enumerable.Range(0, outputs).Select(_ => Enumerable.Repeat(double.NaN, length).ToArray()).ToArray();
        var raw = Enumerable.Range(0, outputs).Select(_ => new double[length]).ToArray();
        int begin = 0, count = 0;

        // Integer and floating arguments travel in separate registers, so one wide signature serves every function:
        // integers and pointers in order, doubles in order.
        var integers = new List<nint> { 0, length - 1 };
        var doubles = new double[8];
        var used = 0;
        var pins = new List<GCHandle>();
        foreach (var input in inputs)
        {
            integers.Add(Pin(input, pins));
        }

        foreach (var option in options)
        {
            if (option is double d)
            {
                doubles[used++] = d;
            }
            else
            {
                integers.Add((int)option);
            }
        }

        integers.Add((nint)(&begin));
        integers.Add((nint)(&count));
        integers.AddRange(raw.Select(r => Pin(r, pins)));
        while (integers.Count < 16)
        {
            integers.Add(0);
        }

        var call = (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, double, double, double, int>)
            NativeLibrary.GetExport(Handle.Value, "TA_" + function);
        var n = integers;
        var code = call(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12], n[13], n[14], n[15], doubles[0], doubles[1], doubles[2]);
        pins.ForEach(p => p.Free());
        code.ShouldBe(0, function);
        for (var k = 0; k < outputs; k++)
        {
            raw[k].AsSpan(0, count).CopyTo(results[k].AsSpan(begin));
        }

        return results;
    }

    static nint Pin(double[] array, List<GCHandle> pins)
    {
        var pin = GCHandle.Alloc(array, GCHandleType.Pinned);
        pins.Add(pin);
        return pin.AddrOfPinnedObject();
    }

    static nint Open()
    {
        // The wide signature above relies on the System V calling convention.
        if (OperatingSystem.IsWindows() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return 0;
        }

        foreach (var name in new[] { Environment.GetEnvironmentVariable("FETTLE_TALIB"), "libta_lib.so.0", "libta_lib.so", "libta-lib.so", "libta-lib.so.0" })
        {
            if (!string.IsNullOrEmpty(name) && NativeLibrary.TryLoad(name, out var handle))
            {
                ((delegate* unmanaged<int>)NativeLibrary.GetExport(handle, "TA_Initialize"))().ShouldBe(0);
                return handle;
            }
        }

        return 0;
    }
}

/// <summary>Skips where TA-Lib's C library is missing.</summary>
public sealed class RequiresTaLibTheoryAttribute()
    : RequiresTheoryAttribute(TaLibLibrary.IsThere ? null : "TA-Lib's C library (install ta-lib, or build the sources in the npm package talib and name the .so in FETTLE_TALIB)");
