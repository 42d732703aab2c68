using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>A split in rank form: right when rank(slot) &gt; <see cref="Rank"/>, or when the value is missing and the default is right.</summary>
internal readonly record struct RankedSplit(int Slot, int Rank, bool DefaultRight)
{
    public static RankedSplit Of(in TreeNode node, RankTable ranks, ForestArithmetic arithmetic)
    {
        var slot = ranks.Features.BinarySearch(node.Feature);
        var key = RankTable.KeyOf(in node, arithmetic)!.Value;
        return new RankedSplit(slot, Array.BinarySearch(ranks.Keys(slot), key == 0 ? 0.0 : key), !node.DefaultLeft && node.Missing != MissingKind.None);
    }
}
