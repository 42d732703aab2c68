namespace Fettle.Services.Stocks.Sampling;

/// <summary>Takes stocks in order and makes them visible all at once.</summary>
internal interface IUniverseWriter : IDisposable
{
    void Write(SampledStock stock);

    /// <summary>After this the database has the universe; without it, it has nothing of it.</summary>
    void Complete();
}
