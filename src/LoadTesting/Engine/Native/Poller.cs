using System.Runtime.InteropServices;

namespace Fettle.LoadTesting.Engine.Native;

/// <summary>
/// A level-triggered epoll set whose wait ends within tens of microseconds of the asked time
/// (epoll_pwait2 and a timer slack of one nanosecond); on kernels without it, whole milliseconds rounded down and then polling.
/// </summary>
sealed unsafe class Poller : IDisposable
{
    public const uint Readable = 0x1;
    public const uint Writable = 0x4;
    public const uint Failed = 0x8 | 0x10;
    const int Add = 1;
    const int Modify = 3;
    const int Capacity = 512;
    const int SetTimerSlack = 29;

    // The kernel packs epoll_event on x86 only: 4 + 8 bytes there, 4 + 4 (padding) + 8 elsewhere.
    static readonly int DataOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 4 : 8;
    static readonly int EventSize = DataOffset + 8;

    readonly int _epoll;
    readonly byte* _ready;
    bool _precise = true;
    bool _disposed;

    public Poller()
    {
        _epoll = Libc.EpollCreate(Libc.SockCloseOnExec);
        if (_epoll < 0)
        {
            Throw.Native("epoll_create1", Marshal.GetLastPInvokeError());
        }

        _ready = (byte*)NativeMemory.AllocZeroed((nuint)(Capacity * EventSize));
    }

    /// <summary>Makes the calling thread's waits end on time; call on the loop's own thread.</summary>
    public static void SharpenTimers() => _ = Libc.ProcessControl(SetTimerSlack, 1, 0, 0, 0);

    public void Watch(int fd, uint events, long token) => Control(Add, fd, events, token);

    public void Rewatch(int fd, uint events, long token) => Control(Modify, fd, events, token);

    /// <summary>Waits until something is ready or the time is over; returns how many are ready.</summary>
    public int Wait(long nanoseconds)
    {
        nanoseconds = Math.Max(0, nanoseconds);
        int count;
        if (_precise)
        {
            var timespec = stackalloc long[2] { nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000 };
            try
            {
                count = Libc.EpollWaitPrecise(_epoll, _ready, Capacity, timespec, null);
            }
            catch (EntryPointNotFoundException)
            {
                _precise = false;
                return Wait(nanoseconds);
            }

            if (count < 0 && Marshal.GetLastPInvokeError() == Libc.ENoSys)
            {
                _precise = false;
                return Wait(nanoseconds);
            }
        }
        else
        {
            count = Libc.EpollWait(_epoll, _ready, Capacity, (int)Math.Min(int.MaxValue, nanoseconds / 1_000_000));
        }

        if (count < 0 && Marshal.GetLastPInvokeError() != Libc.EIntr)
        {
            Throw.Native("epoll_wait", Marshal.GetLastPInvokeError());
        }

        return Math.Max(0, count);
    }

    public (uint Events, long Token) this[int index]
    {
        get
        {
            var at = _ready + index * EventSize;
            return (*(uint*)at, *(long*)(at + DataOffset));
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _ = Libc.Close(_epoll);
            NativeMemory.Free(_ready);
        }
    }

    void Control(int operation, int fd, uint events, long token)
    {
        var change = stackalloc byte[16];
        *(uint*)change = events;
        *(long*)(change + DataOffset) = token;
        if (Libc.EpollControl(_epoll, operation, fd, change) < 0)
        {
            Throw.Native("epoll_ctl", Marshal.GetLastPInvokeError());
        }
    }
}
