using System.Runtime.InteropServices;

namespace Fettle.Forests;

/// <summary>Asks the CUDA driver, where there is one, how many devices it has. Nothing is run on them.</summary>
public static class GpuDevices
{
    static readonly string[] Drivers = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

    /// <summary>Devices of the driver; 0 without a driver or device. Asked once per process.</summary>
    public static int Count => Known.Value;

    static readonly Lazy<int> Known = new(() => Find(Drivers));

    internal static int Find(string[] drivers)
    {
        foreach (var driver in drivers)
        {
            if (!NativeLibrary.TryLoad(driver, out var library))
            {
                continue;
            }

            if (NativeLibrary.TryGetExport(library, "cuInit", out var init) && NativeLibrary.TryGetExport(library, "cuDeviceGetCount", out var count))
            {
                return Ask(init, count);
            }
        }

        return 0;
    }

    static unsafe int Ask(nint init, nint count)
    {
        var devices = 0;
        return ((delegate* unmanaged<uint, int>)init)(0) == 0 && ((delegate* unmanaged<int*, int>)count)(&devices) == 0 ? devices : 0;
    }
}
