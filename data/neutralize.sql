-- a copy of the database must not read the provider's feed in place of the original
UPDATE ar_exchange_account SET active = FALSE, secret = NULL, user_name = NULL
 WHERE provider IN ('invoicetronic', 'aruba', 'openapi_it', 'acube');
