namespace Fettle.Forests.Kernels;

/// <summary>One bit per row for a register's worth of rows: what the batch kernel needs of a vector width.</summary>
internal interface IMask<TSelf> where TSelf : unmanaged, IMask<TSelf>
{
    /// <summary>Bits in the register.</summary>
    static abstract int Rows { get; }

    static abstract TSelf Zero { get; }

    static abstract TSelf Load(ref byte source, nint offset);

    static abstract void Store(TSelf value, ref byte target, nint offset);

    /// <summary>Every byte of the register set to one value.</summary>
    static abstract TSelf Bytes(byte value);

    /// <summary>Bit from <paramref name="one"/> where <paramref name="select"/> has 1, else from <paramref name="zero"/>.</summary>
    static abstract TSelf Mux(TSelf select, TSelf zero, TSelf one);

    /// <summary>The answers at a <see cref="TestPlace"/>; two of the three loads cost no instruction of their own.</summary>
    static abstract TSelf Test(ref byte tables, nint low, nint high);

    static abstract TSelf Or(TSelf left, TSelf right);

    static abstract TSelf And(TSelf left, TSelf right);

    static abstract TSelf Xor(TSelf left, TSelf right);

    /// <summary>left and not right.</summary>
    static abstract TSelf AndNot(TSelf left, TSelf right);

    /// <summary>Shifts 16-bit lanes; bits that cross a byte are masked away by the caller.</summary>
    static abstract TSelf ShiftLeft(TSelf value, int count);

    static abstract TSelf ShiftRight(TSelf value, int count);

    /// <summary>One byte per row becomes eight planes of one bit per row, the lowest bit first.</summary>
    static abstract void ToPlanes(ref byte bytes, ref byte planes);

    /// <summary>The highest bit of each row's byte.</summary>
    static abstract TSelf SignBits(ref byte bytes);

    /// <summary>
    /// Adds leaves[index] to each row's sum. Indexes and sums are in the order of <see cref="RowAt"/>.
    /// </summary>
    /// <param name="indexes">As <see cref="IndexBits{TMask}"/> writes them: register j holds the rows 8·b + j.</param>
    /// <param name="tables">The leaves as byte planes of <paramref name="leafCount"/> bytes, for at most 64 leaves.</param>
    /// <param name="leaves">The leaves; as many entries as indexes reach.</param>
    /// <param name="leafCount">32 or 64, what a plane holds; or the number of leaves where they are more.</param>
    /// <param name="sums">One per row.</param>
    static abstract void AddLeaves(ref byte indexes, ref byte tables, ref float leaves, int leafCount, ref float sums);

    /// <inheritdoc cref="AddLeaves(ref byte, ref byte, ref float, int, ref float)"/>
    static abstract void AddLeaves(ref byte indexes, ref byte tables, ref double leaves, int leafCount, ref double sums);

    /// <summary>The row whose sum <see cref="AddLeaves(ref byte, ref byte, ref float, int, ref float)"/> keeps at a position.</summary>
    static abstract int RowAt(int position, bool isDouble);
}
