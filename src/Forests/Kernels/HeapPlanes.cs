using System.Runtime.CompilerServices;

namespace Fettle.Forests.Kernels;

/// <summary>
/// The bit planes of the leaf index of a heap-ordered tree: the answers of each level are muxed by the planes above it.
/// </summary>
internal static class HeapPlanes<TMask> where TMask : unmanaged, IMask<TMask>
{
    static int Bytes => TMask.Rows / 8;

    /// <param name="tables">As <see cref="SlotTables{TMask}"/> fills them.</param>
    /// <param name="places">Where the tree's answers lie; the root is 1.</param>
    /// <param name="depth">Levels, 1–6.</param>
    /// <param name="planes">Receives the planes, the lowest first.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(ref byte tables, ref TestPlace places, int depth, ref byte planes)
    {
        ref var heap = ref Unsafe.As<TestPlace, int>(ref places);
        ref var plane = ref Unsafe.Add(ref planes, (depth - 1) * Bytes);
        var a = One(ref tables, ref heap, 1);
        TMask.Store(a, ref plane, 0);
        if (depth == 1)
        {
            return;
        }

        var b = Two(a, ref tables, ref heap, 2);
        TMask.Store(b, ref plane, -Bytes);
        if (depth == 2)
        {
            return;
        }

        var c = Four(a, b, ref tables, ref heap, 4);
        TMask.Store(c, ref plane, -2 * Bytes);
        if (depth == 3)
        {
            return;
        }

        var d = TMask.Mux(a, Four(b, c, ref tables, ref heap, 8), Four(b, c, ref tables, ref heap, 12));
        TMask.Store(d, ref plane, -3 * Bytes);
        if (depth == 4)
        {
            return;
        }

        var low = TMask.Mux(b, Four(c, d, ref tables, ref heap, 16), Four(c, d, ref tables, ref heap, 20));
        var high = TMask.Mux(b, Four(c, d, ref tables, ref heap, 24), Four(c, d, ref tables, ref heap, 28));
        var e = TMask.Mux(a, low, high);
        TMask.Store(e, ref plane, -4 * Bytes);
        if (depth == 5)
        {
            return;
        }

        low = TMask.Mux(c, Four(d, e, ref tables, ref heap, 32), Four(d, e, ref tables, ref heap, 36));
        high = TMask.Mux(c, Four(d, e, ref tables, ref heap, 40), Four(d, e, ref tables, ref heap, 44));
        var left = TMask.Mux(b, low, high);
        low = TMask.Mux(c, Four(d, e, ref tables, ref heap, 48), Four(d, e, ref tables, ref heap, 52));
        high = TMask.Mux(c, Four(d, e, ref tables, ref heap, 56), Four(d, e, ref tables, ref heap, 60));
        TMask.Store(TMask.Mux(a, left, TMask.Mux(b, low, high)), ref plane, -5 * Bytes);
    }

    /// <summary>Four neighbouring nodes, muxed to one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TMask Four(TMask x, TMask y, ref byte tables, ref int heap, int node) =>
        TMask.Mux(x, Two(y, ref tables, ref heap, node), Two(y, ref tables, ref heap, node + 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TMask Two(TMask x, ref byte tables, ref int heap, int node) =>
        TMask.Mux(x, One(ref tables, ref heap, node), One(ref tables, ref heap, node + 1));

    /// <summary>Low and High of a node are neighbours.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TMask One(ref byte tables, ref int heap, int node) => TMask.Test(ref tables, Unsafe.Add(ref heap, 2 * node), Unsafe.Add(ref heap, 2 * node + 1));
}
