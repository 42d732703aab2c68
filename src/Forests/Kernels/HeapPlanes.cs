using System.Runtime.CompilerServices;

namespace Fettle.Forests.Kernels;

/// <summary>
/// The bit planes of the leaf index of a heap-ordered tree: each level's masks are muxed by the planes above it.
/// The heap names masks by their byte offset, so that a node is two loads and a mux.
/// </summary>
internal static class HeapPlanes<TMask> where TMask : unmanaged, IMask<TMask>
{
    static int Bytes => TMask.Rows / 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(ref byte masks, ref int heap, int depth, ref byte planes)
    {
        var a = Load(ref masks, ref heap, 1);
        TMask.Store(a, ref planes, 0);
        if (depth == 1)
        {
            return;
        }

        var b = Two(ref masks, ref heap, 2, a);
        TMask.Store(b, ref planes, Bytes);
        if (depth == 2)
        {
            return;
        }

        var c = Four(ref masks, ref heap, 4, a, b);
        TMask.Store(c, ref planes, 2 * Bytes);
        if (depth == 3)
        {
            return;
        }

        var d = Eight(ref masks, ref heap, 8, a, b, c);
        TMask.Store(d, ref planes, 3 * Bytes);
        if (depth == 4)
        {
            return;
        }

        var e = TMask.Mux(a, Eight(ref masks, ref heap, 16, b, c, d), Eight(ref masks, ref heap, 24, b, c, d));
        TMask.Store(e, ref planes, 4 * Bytes);
        if (depth == 5)
        {
            return;
        }

        var low = TMask.Mux(b, Eight(ref masks, ref heap, 32, c, d, e), Eight(ref masks, ref heap, 40, c, d, e));
        var high = TMask.Mux(b, Eight(ref masks, ref heap, 48, c, d, e), Eight(ref masks, ref heap, 56, c, d, e));
        TMask.Store(TMask.Mux(a, low, high), ref planes, 5 * Bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TMask Load(ref byte masks, ref int heap, int node) => TMask.Load(ref masks, Unsafe.Add(ref heap, node));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TMask Two(ref byte masks, ref int heap, int node, TMask a) => TMask.Mux(a, Load(ref masks, ref heap, node), Load(ref masks, ref heap, node + 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TMask Four(ref byte masks, ref int heap, int node, TMask a, TMask b) =>
        TMask.Mux(a, Two(ref masks, ref heap, node, b), Two(ref masks, ref heap, node + 2, b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TMask Eight(ref byte masks, ref int heap, int node, TMask a, TMask b, TMask c) =>
        TMask.Mux(a, Four(ref masks, ref heap, node, b, c), Four(ref masks, ref heap, node + 4, b, c));
}
