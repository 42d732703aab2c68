using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Columns of one tile; an input that the indicator does not read, or an output that it does not have, is null.</summary>
internal unsafe struct Tile<V>
    where V : unmanaged, ILanes<V>
{
    public V* Open;
    public V* High;
    public V* Low;
    public V* Close;
    public V* Volume;
    public V* Reference;
    public V* Out0;
    public V* Out1;
    public V* Out2;
    public V* Out3;
}
