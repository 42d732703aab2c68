using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Fettle.Services.Stocks.Sampling;

/// <summary>SHA-256 over every value written, in order: two databases with the same hash have the same rows.</summary>
internal sealed class ContentHash : IDisposable
{
    readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    byte[] _buffer = new byte[1 << 16];
    int _used;

    public void Add(SampledStock stock)
    {
        var profile = stock.Profile;
        Text(profile.BseCode).Text(profile.NseSymbol).Text(profile.CompanyName).Text(profile.Isin).Number(profile.IndustryCode)
            .Real(profile.MarketCapCr).Text(profile.Status).Number(stock.Bars.Count);
        foreach (var bar in stock.Bars)
        {
            Number(bar.Day).Real(bar.Open).Real(bar.High).Real(bar.Low).Real(bar.Close).Number(bar.Volume)
                .Real(bar.PrevClose).Real(bar.CircuitLimit).Number((bar.HitUpper ? 1 : 0) + (bar.HitLower ? 2 : 0));
        }

        foreach (var q in stock.Quarters)
        {
            Number(q.Quarter).Number(q.Year).Number(q.AnnouncedOn.DayNumber).Real(q.RevenueCr).Real(q.PatCr).Real(q.Eps).Real(q.Opm).Real(q.Npm)
                .Real(q.EquityCr).Real(q.DebtCr).Real(q.CurrentAssetsCr).Real(q.CurrentLiabilitiesCr);
        }

        foreach (var item in stock.News)
        {
            Number(item.PublishedAt.Ticks).Real(item.Score);
        }

        foreach (var announced in stock.Announcements)
        {
            Number(announced.DayNumber);
        }

        foreach (var label in stock.Labels)
        {
            Number(label.EarningsDate.DayNumber).Number(label.NextDay.DayNumber).Real(label.PriceChangePct).Number(label.Label);
        }
    }

    /// <summary>The hash of what was added so far, as 64 hexadecimal digits.</summary>
    public string Finish()
    {
        Flush();
        return Convert.ToHexStringLower(_hash.GetCurrentHash());
    }

    public void Dispose() => _hash.Dispose();

    ContentHash Number(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Room(8), value);
        return this;
    }

    ContentHash Real(double value) => Number(BitConverter.DoubleToInt64Bits(value));

    ContentHash Text(string? value)
    {
        var bytes = Encoding.UTF8.GetBytes(value ?? "");
        Number(value is null ? -1 : bytes.Length);
        bytes.CopyTo(Room(bytes.Length));
        return this;
    }

    Span<byte> Room(int count)
    {
        if (_used + count > _buffer.Length)
        {
            Flush();
            if (count > _buffer.Length)
            {
                _buffer = new byte[count];
            }
        }

        _used += count;
        return _buffer.AsSpan(_used - count, count);
    }

    void Flush()
    {
        _hash.AppendData(_buffer, 0, _used);
        _used = 0;
    }
}
