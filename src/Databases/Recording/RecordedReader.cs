using System.Collections;
using System.Data;
using System.Data.Common;

namespace Fettle.Databases.Recording;

/// <summary>Counts rows and ends the call when it is closed; every value passes through untouched.</summary>
internal sealed class RecordedReader(DbDataReader inner, RecordedCommand command, RecordedCommand.Call call, RecordedConnection? closes) : DbDataReader
{
    long _rows;
    bool _ended;

    public override int Depth => inner.Depth;

    public override int FieldCount => inner.FieldCount;

    public override bool HasRows => inner.HasRows;

    public override bool IsClosed => inner.IsClosed;

    public override int RecordsAffected => inner.RecordsAffected;

    public override int VisibleFieldCount => inner.VisibleFieldCount;

    public override object this[int ordinal] => inner[ordinal];

    public override object this[string name] => inner[name];

    public override bool Read()
    {
        if (!inner.Read())
        {
            return false;
        }

        _rows++;
        return true;
    }

    public override Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var read = inner.ReadAsync(cancellationToken);
        if (!read.IsCompletedSuccessfully)
        {
            return Finish(read);
        }

        if (read.Result)
        {
            _rows++;
        }

        return read;

        async Task<bool> Finish(Task<bool> pending)
        {
            var more = await pending.ConfigureAwait(false);
            _rows += more ? 1 : 0;
            return more;
        }
    }

    public override bool NextResult() => inner.NextResult();

    public override Task<bool> NextResultAsync(CancellationToken cancellationToken) => inner.NextResultAsync(cancellationToken);

    public override void Close()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        inner.Dispose();
        if (call.Commit is null)
        {
            command.End(call, _rows, failed: false);
            closes?.Close();
            return;
        }

        var end = EndAsync();
        if (end.IsCompletedSuccessfully)
        {
            return;
        }

        end.AsTask().GetAwaiter().GetResult();
    }

    public override async Task CloseAsync()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        await inner.DisposeAsync().ConfigureAwait(false);
        await EndAsync().ConfigureAwait(false);
    }

    public override async ValueTask DisposeAsync() => await CloseAsync().ConfigureAwait(false);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Close();
        }
    }

    async ValueTask EndAsync()
    {
        var failed = true;
        try
        {
            if (call.Commit is not null)
            {
                await using var commit = call.Commit;
                await command.CommitAsync(call).ConfigureAwait(false);
            }

            failed = false;
        }
        finally
        {
            command.End(call, _rows, failed);
            closes?.Close();
        }
    }

    public override bool GetBoolean(int ordinal) => inner.GetBoolean(ordinal);

    public override byte GetByte(int ordinal) => inner.GetByte(ordinal);

    public override long GetBytes(int ordinal, long dataOffset, byte[]? buffer, int bufferOffset, int length) => inner.GetBytes(ordinal, dataOffset, buffer, bufferOffset, length);

    public override char GetChar(int ordinal) => inner.GetChar(ordinal);

    public override long GetChars(int ordinal, long dataOffset, char[]? buffer, int bufferOffset, int length) => inner.GetChars(ordinal, dataOffset, buffer, bufferOffset, length);

    public override string GetDataTypeName(int ordinal) => inner.GetDataTypeName(ordinal);

    public override DateTime GetDateTime(int ordinal) => inner.GetDateTime(ordinal);

    public override decimal GetDecimal(int ordinal) => inner.GetDecimal(ordinal);

    public override double GetDouble(int ordinal) => inner.GetDouble(ordinal);

    public override IEnumerator GetEnumerator() => new DbEnumerator(this, closeReader: false);

    public override Type GetFieldType(int ordinal) => inner.GetFieldType(ordinal);

    public override T GetFieldValue<T>(int ordinal) => inner.GetFieldValue<T>(ordinal);

    public override Task<T> GetFieldValueAsync<T>(int ordinal, CancellationToken cancellationToken) => inner.GetFieldValueAsync<T>(ordinal, cancellationToken);

    public override float GetFloat(int ordinal) => inner.GetFloat(ordinal);

    public override Guid GetGuid(int ordinal) => inner.GetGuid(ordinal);

    public override short GetInt16(int ordinal) => inner.GetInt16(ordinal);

    public override int GetInt32(int ordinal) => inner.GetInt32(ordinal);

    public override long GetInt64(int ordinal) => inner.GetInt64(ordinal);

    public override string GetName(int ordinal) => inner.GetName(ordinal);

    public override int GetOrdinal(string name) => inner.GetOrdinal(name);

    public override DataTable? GetSchemaTable() => inner.GetSchemaTable();

    public override Stream GetStream(int ordinal) => inner.GetStream(ordinal);

    public override string GetString(int ordinal) => inner.GetString(ordinal);

    public override TextReader GetTextReader(int ordinal) => inner.GetTextReader(ordinal);

    public override object GetValue(int ordinal) => inner.GetValue(ordinal);

    public override int GetValues(object[] values) => inner.GetValues(values);

    public override bool IsDBNull(int ordinal) => inner.IsDBNull(ordinal);

    public override Task<bool> IsDBNullAsync(int ordinal, CancellationToken cancellationToken) => inner.IsDBNullAsync(ordinal, cancellationToken);
}
