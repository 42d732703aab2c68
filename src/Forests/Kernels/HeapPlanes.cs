using System.Runtime.CompilerServices;

namespace Fettle.Forests.Kernels;

/// <summary>
/// The bit planes of the leaf index of a heap-ordered tree: each level's masks are muxed by the planes above it.
/// The heap names masks by their byte offset, so that a node is two loads and a mux. Methods are kept small enough for the compiler to inline whole.
/// </summary>
internal static class HeapPlanes<TMask> where TMask : unmanaged, IMask<TMask>
{
    static int Bytes => TMask.Rows / 8;

    /// <param name="masks">One mask per test.</param>
    /// <param name="heap">Byte offsets of the tree's masks; the root is 1.</param>
    /// <param name="depth">Levels, 1–6.</param>
    /// <param name="planes">Receives the planes, the highest first, and one register of scratch per eight nodes of the last level behind them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(ref byte masks, ref int heap, int depth, ref byte planes)
    {
        var a = Node(ref masks, ref heap, 1);
        TMask.Store(a, ref planes, 0);
        if (depth == 1)
        {
            return;
        }

        var b = Pair(a, ref masks, ref heap, 2);
        TMask.Store(b, ref planes, Bytes);
        if (depth == 2)
        {
            return;
        }

        var c = TMask.Mux(a,
            Pair(b, ref masks, ref heap, 4),
            Pair(b, ref masks, ref heap, 6));
        TMask.Store(c, ref planes, 2 * Bytes);
        if (depth == 3)
        {
            return;
        }

        Eights(ref masks, ref Unsafe.Add(ref heap, 8), 1, a, b, c, ref Unsafe.Add(ref planes, 3 * Bytes));
        if (depth == 4)
        {
            return;
        }

        ref var scratch = ref Unsafe.Add(ref planes, 6 * Bytes);
        var d = TMask.Load(ref planes, 3 * Bytes);
        Eights(ref masks, ref Unsafe.Add(ref heap, 16), 2, b, c, d, ref scratch);
        var e = TMask.Mux(a, TMask.Load(ref scratch, 0), TMask.Load(ref scratch, Bytes));
        TMask.Store(e, ref planes, 4 * Bytes);
        if (depth == 5)
        {
            return;
        }

        Eights(ref masks, ref Unsafe.Add(ref heap, 32), 4, c, d, e, ref scratch);
        var low = TMask.Mux(b, TMask.Load(ref scratch, 0), TMask.Load(ref scratch, Bytes));
        var high = TMask.Mux(b, TMask.Load(ref scratch, 2 * Bytes), TMask.Load(ref scratch, 3 * Bytes));
        TMask.Store(TMask.Mux(a, low, high), ref planes, 5 * Bytes);
    }

    /// <summary>Groups of eight masks, each muxed to one by three planes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static void Eights(ref byte masks, ref int heap, int groups, in TMask x, in TMask y, in TMask z, ref byte target)
    {
        var (a, b, c) = (x, y, z);
        for (var g = 0; g < groups; g++)
        {
            var low = TMask.Mux(b,
                Pair(c, ref masks, ref heap, 0),
                Pair(c, ref masks, ref heap, 2));
            var high = TMask.Mux(b,
                Pair(c, ref masks, ref heap, 4),
                Pair(c, ref masks, ref heap, 6));
            TMask.Store(TMask.Mux(a, low, high), ref target, g * Bytes);
            heap = ref Unsafe.Add(ref heap, 8);
        }
    }

    /// <summary>A node and the one to its right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TMask Pair(TMask select, ref byte masks, ref int heap, int node) =>
        TMask.Mux(select, ref masks, Unsafe.Add(ref heap, node), Unsafe.Add(ref heap, node + 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TMask Node(ref byte masks, ref int heap, int node) => TMask.Load(ref masks, Unsafe.Add(ref heap, node));
}
