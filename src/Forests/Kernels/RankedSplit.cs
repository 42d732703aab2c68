using Fettle.Forests.Trees;

namespace Fettle.Forests.Kernels;

/// <summary>A split in rank form: right when rank(slot) &gt; <see cref="Rank"/>, or when the value is missing and the default is right.</summary>
internal readonly record struct RankedSplit(int Slot, int Rank, bool DefaultRight)
{
    public static RankedSplit Of(in TreeNode node, RankTable ranks, ForestArithmetic arithmetic)
    {
        var (slot, rank) = ranks.Find(node.Feature, RankTable.KeyOf(in node, arithmetic)!.Value);
        return new RankedSplit(slot, rank, !node.DefaultLeft && node.Missing != MissingKind.None);
    }
}
